// The low-level interface is deprecated, not obsolete: at a record's 250 bytes
// it takes 0.20 µs where a prefetched EVP_MD with a reused context takes 0.24
// and the one-shot SHA256() 0.44.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "storage/sha256.hpp"

#include <openssl/sha.h>

namespace callstate::storage {

call::Hash sha256(std::span<const std::uint8_t> bytes) {
  call::Hash hash;
  SHA256_CTX context;
  SHA256_Init(&context);
  SHA256_Update(&context, bytes.data(), bytes.size());
  SHA256_Final(hash.data(), &context);
  return hash;
}

struct Sha256::State {
  SHA256_CTX context{};
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  SHA256_Init(&state_->context);
}
Sha256::~Sha256() = default;

void Sha256::add(std::string_view piece) {
  SHA256_Update(&state_->context, piece.data(), piece.size());
}

call::Hash Sha256::finish() {
  call::Hash hash;
  SHA256_Final(hash.data(), &state_->context);
  return hash;
}

}  // namespace callstate::storage
