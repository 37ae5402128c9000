#include "storage/seal_key.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/seal/statement.hpp"
#include "storage/stores.hpp"

namespace callstate::storage::testing {
namespace {

using ::testing::HasSubstr;

// Made with `openssl genpkey -algorithm ed25519`; the id with `openssl pkey -pubout
// -outform DER | sha256sum`.
constexpr auto private_key =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIPaQZlxhLFqGfEbvwOnUxgmSIbdOzrdmuDzlpWofNKQC\n"
    "-----END PRIVATE KEY-----\n";
constexpr auto public_key =
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEANdOn15WfMqL3c+3PX63cplYDTHCMX65uHNn0j+9k0lQ=\n"
    "-----END PUBLIC KEY-----\n";
constexpr auto key_id = "450e7e1aa8a6c87469d780b6d5c52fe1";

class SealKey : public ::testing::Test {
 protected:
  std::expected<std::unique_ptr<LogSealer>, std::string> load(const std::string& pem) {
    const auto file = directory / "key.pem";
    write_bytes(file, pem);
    return LogSealer::load("a-log", file);
  }
  std::string refusal_of(const std::string& pem) {
    const auto loaded = load(pem);
    return loaded ? std::string() : loaded.error();
  }

  TemporaryDirectory directory;
};

TEST_F(SealKey, IsNamedByItsPublicHalf) {
  const auto sealer = load(private_key);
  ASSERT_TRUE(sealer) << sealer.error();
  EXPECT_EQ(seal::to_hex((*sealer)->key()), key_id);
  EXPECT_EQ((*sealer)->public_key()->pem(), public_key);
  EXPECT_EQ(seal::to_hex(PublicKey::parse(public_key)->id()), key_id);
  EXPECT_EQ(seal::to_hex(PublicKey::parse(private_key)->id()), key_id);
}

TEST_F(SealKey, SignsWhatItsPublicHalfVerifiesAndNothingElse) {
  const auto sealer = load(private_key);
  const auto signature = (*sealer)->sign("a statement");
  ASSERT_TRUE(signature);
  const auto key = PublicKey::parse(public_key);
  EXPECT_TRUE(key->verifies("a statement", *signature));
  EXPECT_FALSE(key->verifies("a statement.", *signature));
  auto other = *signature;
  other[63] ^= 1U;
  EXPECT_FALSE(key->verifies("a statement", other));
}

TEST_F(SealKey, OfAnotherKindOrNoneIsRefusedWithWhatToDo) {
  EXPECT_THAT(refusal_of(""), HasSubstr("openssl genpkey -algorithm ed25519"));
  EXPECT_THAT(refusal_of(public_key), HasSubstr("holds no private key"));
  constexpr auto of_p256 =
      "-----BEGIN PRIVATE KEY-----\n"
      "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgLkAn5YdO6RN/wBNR\n"
      "/6uCHxPBgHY2fwp80Y2ENQP0EHShRANCAAR1YI8JRUJLoAVEu5rwqUsrk52gBJFz\n"
      "TRFwYaFrFsmWzY9tx/hSg7j+A/VaPpfpWpK9GFvIzjBi7db2DGP5QdSK\n"
      "-----END PRIVATE KEY-----\n";
  EXPECT_THAT(refusal_of(of_p256), HasSubstr("not of Ed25519"));
  const auto missing = LogSealer::load("a-log", directory / "none.pem");
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error(), HasSubstr("cannot read"));
}

TEST_F(SealKey, IsNotNeededForSealsThatAreHashesAlone) {
  const LogSealer unsigned_sealer("a-log");
  EXPECT_EQ(unsigned_sealer.key(), call::KeyId{});
  EXPECT_EQ(unsigned_sealer.public_key(), nullptr);
}

}  // namespace
}  // namespace callstate::storage::testing
