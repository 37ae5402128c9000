#pragma once

#include <expected>
#include <string>

struct ssl_ctx_st;  // OpenSSL's
struct ssl_st;

// The client's side of TLS: for the key set's URL and for the tools.

namespace callstate::transports {

/// Has `context` accept servers that an authority of the system's vouches for, or
/// one in `ca_file` (PEM; empty: none), by TLS 1.2 or later. The failure is a
/// sentence that names the file.
std::expected<void, std::string> trust_authorities(ssl_ctx_st& context, const std::string& ca_file);

/// Has `session` accept this host alone, a name or an IP address, and tell the
/// server the name.
void expect_host(ssl_st& session, const std::string& host);

}  // namespace callstate::transports
