#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace callstate::transports {

/// So many a second on the long run, and `burst` at once.
struct RateLimit {
  double per_second = 0;
  double burst = 0;
};

/// `100/s`, `10/m`, `5/h`, each with an optional burst: `100/s:200`. Without
/// one, the burst is the number before the slash. Both numbers are at least 1,
/// at most a million. Nothing for anything else.
std::optional<RateLimit> parse_rate_limit(std::string_view text);

/// One client's allowance: full at first, refilled as time passes. The limit is
/// handed in, so that a bucket stays small and a changed setting counts at once.
/// One thread at a time.
class TokenBucket {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// Takes `count`, or takes nothing and says how long until there are as many:
  /// at least 1 ms. A `count` beyond the burst never succeeds.
  [[nodiscard]] std::expected<void, std::chrono::milliseconds> take(const RateLimit& limit,
                                                                    Time now, double count = 1);

  /// Whether `take` would succeed.
  [[nodiscard]] bool has(const RateLimit& limit, Time now, double count = 1) const;

 private:
  [[nodiscard]] double left(const RateLimit& limit, Time now) const;

  // What has been used rather than what is left, so that a new bucket is full
  // under every limit.
  double used_ = 0;
  Time at_{};
};
static_assert(sizeof(TokenBucket) <= 24);

/// What is left to each of many, by name: a bucket for each that has used any of it
/// lately, the longest quiet forgotten first. Any thread.
class KeyedLimiter {
 public:
  explicit KeyedLimiter(RateLimit limit, std::size_t keys_max = 65'536)
      : limit_(limit), keys_max_(keys_max) {}

  /// As TokenBucket::take.
  [[nodiscard]] std::expected<void, std::chrono::milliseconds> take(std::string_view key,
                                                                    TokenBucket::Time now);
  /// What `take` would say.
  [[nodiscard]] std::expected<void, std::chrono::milliseconds> check(std::string_view key,
                                                                     TokenBucket::Time now) const;
  [[nodiscard]] std::size_t size() const;

 private:
  struct Entry {
    std::string key;
    TokenBucket bucket;
  };
  using Entries = std::list<Entry>;

  const RateLimit limit_;
  const std::size_t keys_max_;
  mutable std::mutex mutex_;
  Entries entries_;  // the latest first
  std::unordered_map<std::string_view, Entries::iterator> by_key_;
};

/// Failures by address. An IPv6 client counts by its /64, since it has all of that
/// to itself. Any thread.
class AddressLimiter {
 public:
  explicit AddressLimiter(RateLimit limit, std::size_t addresses_max = 65'536)
      : buckets_(limit, addresses_max) {}

  /// Whether the address may try, or how long until it may. Does not count.
  [[nodiscard]] std::expected<void, std::chrono::milliseconds> allows(std::string_view address,
                                                                      TokenBucket::Time now) const;
  /// It tried, and failed.
  void failed(std::string_view address, TokenBucket::Time now);

  [[nodiscard]] std::size_t size() const { return buckets_.size(); }

 private:
  KeyedLimiter buckets_;
};

}  // namespace callstate::transports
