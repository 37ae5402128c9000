#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace callstate::engine {

/// SipHash-2-4 (Aumasson and Bernstein, 2012) of `bytes` under a secret key.
/// Whoever chooses names or ids cannot choose their hashes, so neither a hash
/// table nor the window of recent ids can be driven into collisions.
struct HashKey {
  std::uint64_t k0 = 0;
  std::uint64_t k1 = 0;
};
std::uint64_t keyed_hash(HashKey key, std::string_view bytes);

/// 128 bits that stand for the bytes they were made of: without the key nobody
/// can make two texts that share them, and by chance nobody will.
struct Fingerprint {
  std::uint64_t first = 0;
  std::uint64_t second = 0;
  friend bool operator==(const Fingerprint&, const Fingerprint&) = default;
};
/// SipHash-1-3 with 128 bits of output: the rounds that the tables of Rust and
/// Python use, on the path of every message.
Fingerprint fingerprint(HashKey key, std::string_view bytes);

/// For unordered containers keyed by text, with look-up by string_view.
class KeyedTextHash {
 public:
  using is_transparent = void;
  explicit KeyedTextHash(HashKey key) : key_(key) {}
  std::size_t operator()(std::string_view text) const { return keyed_hash(key_, text); }

 private:
  HashKey key_;
};

}  // namespace callstate::engine
