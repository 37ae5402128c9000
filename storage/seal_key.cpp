#include "storage/seal_key.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <fstream>
#include <iterator>

#include "storage/sha256.hpp"

namespace callstate::storage {
namespace {

constexpr std::size_t file_bytes_max = 64UL * 1024;

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* what) const {
    Free(what);
  }
};
using Bio = std::unique_ptr<BIO, Freed<BIO_free>>;
using Pkey = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Digest = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;

const unsigned char* bytes_of(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

/// Never asks on the terminal for a passphrase.
int no_passphrase(char* /*to*/, int /*size*/, int /*writes*/, void* /*context*/) {
  return -1;
}

Pkey read_private(std::string_view pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Pkey key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();  // or others take what it left for their own
  return key;
}

Pkey read_public(std::string_view pem) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  Pkey key(PEM_read_bio_PUBKEY(bio.get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  return key;
}

std::expected<std::string, std::string> read_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string text(file_bytes_max, '\0');
  if (!in || !std::filesystem::is_regular_file(file)) {
    return std::unexpected("cannot read " + file.string());
  }
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(in.gcount()));
  return text;
}

constexpr auto how_to_make = "; `openssl genpkey -algorithm ed25519 -out FILE` makes one";

}  // namespace

struct PublicKey::Key {
  Pkey pkey;
};

PublicKey::PublicKey(std::shared_ptr<const Key> key) : key_(std::move(key)) {
  unsigned char* der = nullptr;
  const int size = i2d_PUBKEY(key_->pkey.get(), &der);
  if (size > 0) {
    const call::Hash hash = sha256({der, static_cast<std::size_t>(size)});
    std::copy_n(hash.begin(), id_.size(), id_.begin());
    OPENSSL_free(der);
  }
  const Bio out(BIO_new(BIO_s_mem()));
  PEM_write_bio_PUBKEY(out.get(), key_->pkey.get());
  char* text = nullptr;
  const long length = BIO_ctrl(out.get(), BIO_CTRL_INFO, 0, static_cast<void*>(&text));
  pem_.assign(text, static_cast<std::size_t>(std::max(0L, length)));
}

std::expected<PublicKey, std::string> PublicKey::parse(std::string_view pem) {
  if (pem.size() > file_bytes_max) return std::unexpected("it is larger than any key");
  Pkey pkey = read_public(pem);
  if (pkey == nullptr) pkey = read_private(pem);
  if (pkey == nullptr) return std::unexpected("it holds no key in PEM");
  if (EVP_PKEY_get_id(pkey.get()) != EVP_PKEY_ED25519) {
    return std::unexpected("its key is not of Ed25519");
  }
  return PublicKey(std::make_shared<const Key>(std::move(pkey)));
}

std::expected<PublicKey, std::string> PublicKey::load(const std::filesystem::path& file) {
  const auto text = read_file(file);
  if (!text) return std::unexpected(text.error());
  auto key = parse(*text);
  if (!key) return std::unexpected(file.string() + ": " + key.error());
  return key;
}

bool PublicKey::verifies(std::string_view statement, const call::Signature& signature) const {
  const Digest digest(EVP_MD_CTX_new());
  return EVP_DigestVerifyInit(digest.get(), nullptr, nullptr, nullptr, key_->pkey.get()) == 1 &&
         EVP_DigestVerify(digest.get(), signature.data(), signature.size(), bytes_of(statement),
                          statement.size()) == 1;
}

std::expected<std::unique_ptr<LogSealer>, std::string> LogSealer::parse(std::string log_id,
                                                                        std::string_view pem) {
  Pkey pkey = read_private(pem);
  if (pkey == nullptr) {
    return std::unexpected(std::string("it holds no private key in PEM, or one with a passphrase") +
                           how_to_make);
  }
  if (EVP_PKEY_get_id(pkey.get()) != EVP_PKEY_ED25519) {
    return std::unexpected(std::string("its key is not of Ed25519") + how_to_make);
  }
  auto sealer = std::make_unique<LogSealer>(std::move(log_id));
  sealer->private_ = std::make_shared<const PublicKey::Key>(std::move(pkey));
  sealer->public_.emplace(sealer->private_);
  return sealer;
}

std::expected<std::unique_ptr<LogSealer>, std::string> LogSealer::load(
    std::string log_id, const std::filesystem::path& file) {
  const auto text = read_file(file);
  if (!text) return std::unexpected(text.error() + how_to_make);
  auto sealer = parse(std::move(log_id), *text);
  if (!sealer) return std::unexpected(file.string() + ": " + sealer.error());
  return sealer;
}

seal::HashFunction LogSealer::hash() const {
  return sha256;
}

call::KeyId LogSealer::key() const {
  return public_ ? public_->id() : call::KeyId{};
}

std::optional<call::Signature> LogSealer::sign(std::string_view statement) const {
  call::Signature signature{};
  std::size_t size = signature.size();
  const Digest digest(EVP_MD_CTX_new());
  if (EVP_DigestSignInit(digest.get(), nullptr, nullptr, nullptr, private_->pkey.get()) != 1 ||
      EVP_DigestSign(digest.get(), signature.data(), &size, bytes_of(statement),
                     statement.size()) != 1) {
    return std::nullopt;
  }
  return signature;
}

}  // namespace callstate::storage
