#pragma once

#include <chrono>
#include <expected>
#include <stop_token>
#include <string>

#include "transports/host_lookup.hpp"

namespace callstate::transports {

struct FetchOptions {
  std::chrono::milliseconds timeout;  // for all of it
  std::size_t body_bytes_max;
  std::string ca_file;  // PEM, trusted besides OpenSSL's default paths; empty: none
};

/// Whether `url` is an absolute http or https URL that `fetch` takes: without
/// user and password. The failure names it and says why not.
std::expected<void, std::string> check_fetch_url(const std::string& url);

/// The body of a GET that was answered 200. Blocks, at most for the timeout, or
/// until `stop`. `lookup` is of this URL's host. Redirects are not followed; TLS is verified with
/// the host's name. The failure is a sentence without its subject: "answered 404".
std::expected<std::string, std::string> fetch(const std::string& url, const FetchOptions& options,
                                              HostLookup& lookup, const std::stop_token& stop);

}  // namespace callstate::transports
