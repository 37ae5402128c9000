#include "transports/rate_limit.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace callstate::transports {
namespace {

constexpr std::uint32_t limit_max = 1'000'000;

std::optional<std::uint32_t> parse_count(std::string_view text) {
  std::uint32_t count = 0;
  const char* end = text.data() + text.size();
  const auto [read, error] = std::from_chars(text.data(), end, count);
  if (error != std::errc() || read != end || count < 1 || count > limit_max) return std::nullopt;
  return count;
}

/// The address by which a client counts.
std::string key_of(std::string_view address) {
  const std::string text(address);
  std::array<char, 16> bytes;
  if (inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return text;
  constexpr std::string_view mapped("\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
  const std::string_view all(bytes.data(), bytes.size());
  if (all.starts_with(mapped)) {
    std::array<char, INET_ADDRSTRLEN> v4;
    if (inet_ntop(AF_INET, bytes.data() + mapped.size(), v4.data(), v4.size()) != nullptr) {
      return v4.data();
    }
  }
  return std::string("v6").append(all.substr(0, 8));
}

}  // namespace

std::optional<RateLimit> parse_rate_limit(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == text.npos || slash + 1 >= text.size()) return std::nullopt;
  const auto count = parse_count(text.substr(0, slash));
  const char unit = text[slash + 1];
  const double seconds = unit == 's' ? 1 : unit == 'm' ? 60 : unit == 'h' ? 3600 : 0;
  auto burst = count;
  if (const auto rest = text.substr(slash + 2); !rest.empty()) {
    burst = rest.front() == ':' ? parse_count(rest.substr(1)) : std::nullopt;
  }
  if (!count || !burst || seconds == 0) return std::nullopt;
  return RateLimit{.per_second = *count / seconds, .burst = static_cast<double>(*burst)};
}

double TokenBucket::left(const RateLimit& limit, Time now) const {
  const double passed_s = std::max(0.0, std::chrono::duration<double>(now - at_).count());
  return limit.burst - std::max(0.0, used_ - passed_s * limit.per_second);
}

bool TokenBucket::has(const RateLimit& limit, Time now, double count) const {
  // Sums of binary fractions miss whole numbers by a hair.
  constexpr double hair = 1e-6;
  return left(limit, now) + hair >= count;
}

std::expected<void, std::chrono::milliseconds> TokenBucket::take(const RateLimit& limit, Time now,
                                                                 double count) {
  using std::chrono::milliseconds;
  const double available = left(limit, now);
  if (!has(limit, now, count)) {
    constexpr double wait_max_ms = 86'400'000;
    const double wait_ms = std::ceil((count - available) / limit.per_second * 1000);
    return std::unexpected(
        milliseconds(static_cast<std::int64_t>(std::clamp(wait_ms, 1.0, wait_max_ms))));
  }
  used_ = limit.burst - available + count;
  at_ = std::max(at_, now);
  return {};
}

std::expected<void, std::chrono::milliseconds> KeyedLimiter::check(std::string_view key,
                                                                   TokenBucket::Time now) const {
  const std::lock_guard lock(mutex_);
  const auto found = by_key_.find(key);
  TokenBucket bucket;
  if (found != by_key_.end()) bucket = found->second->bucket;
  return bucket.take(limit_, now);
}

std::expected<void, std::chrono::milliseconds> KeyedLimiter::take(std::string_view key,
                                                                  TokenBucket::Time now) {
  const std::lock_guard lock(mutex_);
  if (const auto found = by_key_.find(key); found != by_key_.end()) {
    entries_.splice(entries_.begin(), entries_, found->second);
  } else {
    if (entries_.size() >= keys_max_) {
      by_key_.erase(entries_.back().key);
      entries_.pop_back();
    }
    entries_.push_front({std::string(key), {}});
    by_key_.emplace(entries_.front().key, entries_.begin());
  }
  return entries_.front().bucket.take(limit_, now);
}

std::size_t KeyedLimiter::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

std::expected<void, std::chrono::milliseconds> AddressLimiter::allows(std::string_view address,
                                                                      TokenBucket::Time now) const {
  return buckets_.check(key_of(address), now);
}

void AddressLimiter::failed(std::string_view address, TokenBucket::Time now) {
  // An empty bucket refuses: that is what `allows` then says.
  (void)buckets_.take(key_of(address), now);
}

}  // namespace callstate::transports
