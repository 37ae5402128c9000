#pragma once

#include <chrono>
#include <condition_variable>
#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>

#include "transports/jwt_key.hpp"

namespace callstate::transports {

constexpr std::size_t jwks_bytes_max = 1024 * 1024;
constexpr std::size_t jwks_keys_max = 100;

/// The keys of a JSON Web Key Set that are of use here; others are passed over,
/// as RFC 7517 asks. An empty set is a set. Fails on what is no key set, and
/// when there are keys but none is of use.
std::expected<KeySet, std::string> parse_jwks(std::string_view text);

struct JwksOptions {
  std::string location;  // a file's path, or an http:// or https:// URL
  std::string ca_file;   // trusted besides the system's; empty: none
  /// Between two readings, whatever tokens name.
  std::chrono::milliseconds reread_interval_min = std::chrono::minutes(1);
  /// Between readings that nothing asked for.
  std::chrono::milliseconds refresh_interval = std::chrono::minutes(10);
  std::chrono::milliseconds fetch_timeout = std::chrono::seconds(10);
  /// Told, on the source's own thread or in `start`, of each reading that
  /// failed. Must not call the source.
  std::function<void(std::string)> on_problem;
};

/// A key set in a file or behind a URL, read again in a thread of its own:
/// every `refresh_interval`, and when an unknown key was seen, as soon as
/// `reread_interval_min` has passed since the last reading. A reading that fails
/// leaves the keys as they were. A file that has not changed is not read.
class JwksSource final : public KeySource {
 public:
  /// Reads once, which blocks up to `fetch_timeout`, and starts the thread.
  /// Fails when a file cannot be read or used, or the URL is none. A URL that
  /// does not answer is a problem, not a failure: its issuer may come up later.
  static std::expected<std::unique_ptr<JwksSource>, std::string> start(JwksOptions options);

  /// Ends the thread, and a reading under way with it.
  ~JwksSource() override;
  JwksSource(const JwksSource&) = delete;
  JwksSource& operator=(const JwksSource&) = delete;

  [[nodiscard]] std::shared_ptr<const KeySet> keys() const override;
  bool unknown_key_seen() override;

 private:
  struct Reading;

  explicit JwksSource(JwksOptions options);
  std::expected<void, std::string> read(const std::stop_token& stop);
  void run(const std::stop_token& stop);

  const JwksOptions options_;
  const std::unique_ptr<Reading> reading_;  // of whoever reads: start, then the thread

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  std::shared_ptr<const KeySet> keys_ = std::make_shared<const KeySet>();
  bool wanted_ = false;
  bool reading_now_ = false;
  std::chrono::steady_clock::time_point last_{};  // when the last reading ended

  std::jthread thread_;  // last: ends before what it uses
};

}  // namespace callstate::transports
