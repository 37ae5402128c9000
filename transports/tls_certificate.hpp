#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <memory>
#include <mutex>
#include <string>

struct ssl_ctx_st;  // OpenSSL's

namespace callstate::transports {

/// What a server shows to its clients: a certificate chain and its key, from two
/// PEM files, which may be replaced while it serves. Connections keep what they
/// began with.
class TlsCertificate {
 public:
  /// The failure is a sentence that names the file and says what to do.
  static std::expected<std::unique_ptr<TlsCertificate>, std::string> load(std::string chain_file,
                                                                          std::string key_file);
  ~TlsCertificate();

  // For one thread, which looks after the certificate.

  // Both give whether the files were read; after a failure what was there stays.

  /// Reads the files anew.
  std::expected<bool, std::string> reload();
  /// The same, but only when they are others than those last read and have been
  /// left alone since the last look, so that few are met half-written.
  std::expected<bool, std::string> reload_if_changed();
  /// Until when it holds, such as "valid until Nov 23 10:15:00 2026 GMT".
  [[nodiscard]] std::string validity() const;

  /// The end of that time, in seconds since 1970. Any thread.
  [[nodiscard]] std::int64_t valid_until() const;

  /// What new connections are to use. Any thread.
  [[nodiscard]] std::shared_ptr<ssl_ctx_st> current() const;

 private:
  /// What tells a file from the one that was there before.
  using Stamp = std::array<std::int64_t, 8>;

  TlsCertificate(std::string chain_file, std::string key_file)
      : chain_file_(std::move(chain_file)), key_file_(std::move(key_file)) {}
  [[nodiscard]] Stamp look() const;

  const std::string chain_file_;
  const std::string key_file_;
  Stamp read_{};              // of what was read last, well or badly
  Stamp seen_{};              // at the last look
  mutable std::mutex mutex_;  // guards current_
  std::shared_ptr<ssl_ctx_st> current_;
};

}  // namespace callstate::transports
