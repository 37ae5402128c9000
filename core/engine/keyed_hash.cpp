#include "core/engine/keyed_hash.hpp"

#include <bit>
#include <cstring>

namespace callstate::engine {
namespace {

struct Sip {
  std::uint64_t v0, v1, v2, v3;

  explicit Sip(HashKey key)
      : v0(key.k0 ^ 0x736f6d6570736575ULL),
        v1(key.k1 ^ 0x646f72616e646f6dULL),
        v2(key.k0 ^ 0x6c7967656e657261ULL),
        v3(key.k1 ^ 0x7465646279746573ULL) {}

  void rounds(int count) {
    for (int i = 0; i < count; ++i) {
      v0 += v1;
      v1 = std::rotl(v1, 13) ^ v0;
      v0 = std::rotl(v0, 32);
      v2 += v3;
      v3 = std::rotl(v3, 16) ^ v2;
      v0 += v3;
      v3 = std::rotl(v3, 21) ^ v0;
      v2 += v1;
      v1 = std::rotl(v1, 17) ^ v2;
      v2 = std::rotl(v2, 32);
    }
  }

  // All of the text, its length in the last byte.
  void absorb(std::string_view bytes, int count) {
    static_assert(std::endian::native == std::endian::little);
    std::uint64_t last = static_cast<std::uint64_t>(bytes.size()) << 56U;
    for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
      std::uint64_t word = 0;
      std::memcpy(&word, bytes.data(), 8);
      mix(word, count);
    }
    std::uint64_t rest = 0;
    std::memcpy(&rest, bytes.data(), bytes.size());
    mix(last | rest, count);
  }

  [[nodiscard]] std::uint64_t folded() const { return v0 ^ v1 ^ v2 ^ v3; }

 private:
  void mix(std::uint64_t word, int count) {
    v3 ^= word;
    rounds(count);
    v0 ^= word;
  }
};

}  // namespace

std::uint64_t keyed_hash(HashKey key, std::string_view bytes) {
  Sip sip(key);
  sip.absorb(bytes, 2);
  sip.v2 ^= 0xff;
  sip.rounds(4);
  return sip.folded();
}

Fingerprint fingerprint(HashKey key, std::string_view bytes) {
  Sip sip(key);
  sip.v1 ^= 0xee;
  sip.absorb(bytes, 1);
  sip.v2 ^= 0xee;
  sip.rounds(3);
  const std::uint64_t first = sip.folded();
  sip.v1 ^= 0xdd;
  sip.rounds(3);
  return {first, sip.folded()};
}

}  // namespace callstate::engine
