#include "transports/tls_certificate.hpp"

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <algorithm>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace callstate::transports {
namespace {

using Context = std::shared_ptr<SSL_CTX>;
using Failure = std::unexpected<std::string>;

// There is one protocol here, whatever else a client can speak.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size,
                    const unsigned char* offered, unsigned int offered_size, void*) {
  static constexpr unsigned char ours[] = "\x08http/1.1";
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, size, ours, sizeof ours - 1, offered, offered_size) !=
      OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

// Nobody is there to be asked.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

Context make_context() {
  Context context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (!context) return context;
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  // HTTP and WebSocket both say where they end: a missing close_notify cuts off
  // nothing unseen.
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  // An idle session keeps no buffers. What was taken to be written lies elsewhere
  // when it is offered again, and part of it may go.
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // Who comes back brings a ticket; nothing is kept here.
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_alpn_select_cb(context.get(), choose_protocol, nullptr);
  SSL_CTX_set_default_passwd_cb(context.get(), no_passphrase);
  return context;
}

/// What OpenSSL has to say of what failed last.
class Reasons {
 public:
  Reasons() {
    while (const auto error = ERR_get_error()) errors_.push_back(error);
  }
  [[nodiscard]] bool have(int library, int reason) const {
    return std::ranges::any_of(errors_, [&](auto error) {
      return ERR_GET_LIB(error) == library && ERR_GET_REASON(error) == reason;
    });
  }
  /// It was the system that refused.
  [[nodiscard]] bool of_system() const { return !errors_.empty() && ERR_SYSTEM_ERROR(errors_[0]); }
  /// The first, which is the closest to the fault.
  [[nodiscard]] std::string text() const {
    if (errors_.empty()) return "it cannot be used";
    if (of_system()) return std::generic_category().message(ERR_GET_REASON(errors_[0]));
    const char* text = ERR_reason_error_string(errors_[0]);
    return text == nullptr ? "it cannot be used" : text;
  }

 private:
  std::vector<unsigned long> errors_;
};

Failure cannot_read(std::string_view what, const std::string& file, const Reasons& reasons) {
  return Failure("cannot read the " + std::string(what) + " " + file + ": " + reasons.text() +
                 "; it must be there, and the server's user be allowed to read it");
}

Failure no_chain(const std::string& file) {
  const Reasons reasons;
  if (reasons.of_system()) return cannot_read("certificate", file, reasons);
  return Failure(file + " holds no whole certificate chain in PEM (" + reasons.text() +
                 "): it begins with \"-----BEGIN CERTIFICATE-----\", the server's own first");
}

Failure no_pair(const std::string& chain_file, const std::string& key_file) {
  return Failure("the key in " + key_file + " does not belong to the certificate in " + chain_file +
                 ": give the two that were made together, with the server's own certificate as "
                 "the first in its file");
}

Failure no_key(const std::string& chain_file, const std::string& file) {
  const Reasons reasons;
  if (reasons.of_system()) return cannot_read("key", file, reasons);
  if (reasons.have(ERR_LIB_X509, X509_R_KEY_VALUES_MISMATCH)) return no_pair(chain_file, file);
  if (reasons.have(ERR_LIB_PEM, PEM_R_BAD_PASSWORD_READ) ||
      reasons.have(ERR_LIB_PEM, PEM_R_PROBLEMS_GETTING_PASSWORD) ||
      reasons.have(ERR_LIB_CRYPTO, ERR_R_INTERRUPTED_OR_CANCELLED)) {
    return Failure(
        "the key in " + file +
        " has a passphrase, and nobody is there to give it: `openssl pkey` takes it off");
  }
  return Failure(file + " holds no whole private key in PEM (" + reasons.text() +
                 "): it begins with \"-----BEGIN PRIVATE KEY-----\"");
}

std::expected<Context, std::string> read(const std::string& chain_file,
                                         const std::string& key_file) {
  ERR_clear_error();
  auto context = make_context();
  if (!context) return Failure("OpenSSL cannot be used: " + Reasons().text());
  if (SSL_CTX_use_certificate_chain_file(context.get(), chain_file.c_str()) != 1)
    return no_chain(chain_file);
  if (SSL_CTX_use_PrivateKey_file(context.get(), key_file.c_str(), SSL_FILETYPE_PEM) != 1)
    return no_key(chain_file, key_file);
  // A key of another kind than the certificate's is taken until here.
  if (SSL_CTX_check_private_key(context.get()) != 1) return no_pair(chain_file, key_file);
  return context;
}

}  // namespace

TlsCertificate::~TlsCertificate() = default;

std::expected<std::unique_ptr<TlsCertificate>, std::string> TlsCertificate::load(
    std::string chain_file, std::string key_file) {
  std::unique_ptr<TlsCertificate> made(
      new TlsCertificate(std::move(chain_file), std::move(key_file)));
  if (auto loaded = made->reload(); !loaded) return std::unexpected(std::move(loaded.error()));
  return made;
}

std::expected<bool, std::string> TlsCertificate::reload() {
  read_ = seen_ = look();  // before reading: what changes meanwhile is seen
  auto context = read(chain_file_, key_file_);
  ERR_clear_error();
  if (!context) return std::unexpected(std::move(context.error()));
  const std::scoped_lock lock(mutex_);
  current_ = std::move(*context);
  return true;
}

std::expected<bool, std::string> TlsCertificate::reload_if_changed() {
  const auto now = look();
  const bool still = now == std::exchange(seen_, now);
  if (!still || now == read_) return false;
  return reload();
}

TlsCertificate::Stamp TlsCertificate::look() const {
  Stamp stamp{};
  auto to = stamp.begin();
  for (const auto* file : {&chain_file_, &key_file_}) {
    struct stat status{};
    if (::stat(file->c_str(), &status) != 0) status = {};
    *to++ = static_cast<std::int64_t>(status.st_ino);
    *to++ = status.st_size;
    *to++ = status.st_mtim.tv_sec;
    *to++ = status.st_mtim.tv_nsec;
  }
  return stamp;
}

std::string TlsCertificate::validity() const {
  const auto* end = X509_get0_notAfter(SSL_CTX_get0_certificate(current().get()));
  const std::unique_ptr<BIO, decltype(&BIO_free)> text(BIO_new(BIO_s_mem()), BIO_free);
  if (!text || ASN1_TIME_print(text.get(), end) != 1) return {};
  std::array<char, 64> bytes{};
  const int size = BIO_read(text.get(), bytes.data(), static_cast<int>(bytes.size()));
  return (X509_cmp_current_time(end) < 0 ? "not valid since " : "valid until ") +
         std::string(bytes.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
}

std::int64_t TlsCertificate::valid_until() const {
  const auto context = current();
  const std::unique_ptr<ASN1_TIME, decltype(&ASN1_TIME_free)> epoch(ASN1_TIME_set(nullptr, 0),
                                                                    ASN1_TIME_free);
  int days = 0;
  int seconds = 0;
  const auto* end = X509_get0_notAfter(SSL_CTX_get0_certificate(context.get()));
  if (!epoch || ASN1_TIME_diff(&days, &seconds, epoch.get(), end) != 1) return 0;
  constexpr std::int64_t day_s = 86'400;
  return days * day_s + seconds;
}

std::shared_ptr<ssl_ctx_st> TlsCertificate::current() const {
  const std::scoped_lock lock(mutex_);
  return current_;
}

}  // namespace callstate::transports
