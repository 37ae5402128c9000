#pragma once

#include <cstring>
#include <string>

#include "core/engine/keyed_hash.hpp"
#include "core/engine/ports.hpp"

namespace callstate::support {

/// Stands for SHA-256: depends on every byte, and is cheap.
inline call::Hash plain_hash(std::span<const std::uint8_t> bytes) {
  call::Hash hash{};
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (std::size_t part = 0; part < 4; ++part) {
    const std::uint64_t word = engine::keyed_hash({part, part + 9}, text);
    std::memcpy(hash.data() + part * 8, &word, 8);
  }
  return hash;
}

/// Seals without cryptography: a signature is a hash of the statement. Without a key
/// nothing is signed.
class PlainSealer final : public engine::Sealer {
 public:
  [[nodiscard]] seal::HashFunction hash() const override { return plain_hash; }
  [[nodiscard]] const std::string& log_id() const override { return log_id_; }
  [[nodiscard]] call::KeyId key() const override { return key_; }
  [[nodiscard]] std::optional<call::Signature> sign(std::string_view statement) const override {
    if (broken) return std::nullopt;
    return signature_of(statement);
  }

  static call::Signature signature_of(std::string_view statement) {
    const auto hash =
        plain_hash({reinterpret_cast<const std::uint8_t*>(statement.data()), statement.size()});
    call::Signature signature{};
    std::ranges::copy(hash, signature.begin());
    return signature;
  }

  void set_key(std::uint8_t key) { key_.fill(key); }
  bool broken = false;  // cannot sign

 private:
  std::string log_id_ = "0d9e6c1e-6a63-4f2e-9f0f-6c0f3c7a4f55";
  call::KeyId key_{};
};

}  // namespace callstate::support
