#include "transports/tls_trust.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace callstate::transports {

std::expected<void, std::string> trust_authorities(ssl_ctx_st& context,
                                                   const std::string& ca_file) {
  SSL_CTX_set_verify(&context, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_min_proto_version(&context, TLS1_2_VERSION);
  SSL_CTX_set_default_verify_paths(&context);
  if (ca_file.empty()) return {};
  ERR_clear_error();
  if (SSL_CTX_load_verify_file(&context, ca_file.c_str()) == 1) return {};
  const char* why = ERR_reason_error_string(ERR_peek_error());
  std::string sentence = "cannot read certificate authorities (PEM) from " + ca_file;
  if (why != nullptr) sentence.append(": ").append(why);
  ERR_clear_error();
  return std::unexpected(std::move(sentence));
}

void expect_host(ssl_st& session, const std::string& host) {
  auto* asked = SSL_get0_param(&session);
  if (X509_VERIFY_PARAM_set1_ip_asc(asked, host.c_str()) == 1) return;
  ERR_clear_error();
  SSL_set_hostflags(&session, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  SSL_set1_host(&session, host.c_str());
  // An address is no server name. (The macro for this is an old-style cast.)
  std::string name = host;
  SSL_ctrl(&session, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, name.data());
}

}  // namespace callstate::transports
