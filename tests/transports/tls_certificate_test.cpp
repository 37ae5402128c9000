#include "transports/tls_certificate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>
#include <filesystem>

#include "test_certificate.hpp"

namespace callstate::transports {
namespace {

using testing::AllOf;
using testing::HasSubstr;

struct TlsCertificateTest : testing::Test {
  TlsCertificateTest() { files.put(first); }

  auto load() { return TlsCertificate::load(files.chain(), files.key()); }
  std::string refusal() {
    const auto loaded = load();
    return loaded ? "loaded" : loaded.error();
  }

  const TestCertificate first = TestCertificate::make("first");
  const TestCertificate second = TestCertificate::make("second");
  CertificateFiles files;
};

TEST_F(TlsCertificateTest, LoadsAChainAndItsKey) {
  files.put_chain(first.chain + second.chain);
  const auto loaded = load();
  ASSERT_TRUE(loaded) << loaded.error();
  EXPECT_TRUE((*loaded)->current());
  EXPECT_THAT((*loaded)->validity(), HasSubstr("valid until "));
  const auto ends_in_s = (*loaded)->valid_until() - std::time(nullptr);
  EXPECT_GT(ends_in_s, 3'000);
  EXPECT_LE(ends_in_s, 3'600);
  files.put(TestCertificate::make("old", true));
  ASSERT_TRUE((*loaded)->reload());
  EXPECT_THAT((*loaded)->validity(), HasSubstr("not valid since "));
}

TEST_F(TlsCertificateTest, SaysWhatIsWrongAndWhatToDo) {
  files.put_key(second.key);
  EXPECT_THAT(refusal(), AllOf(HasSubstr(files.key() + " does not belong to the certificate in " +
                                         files.chain()),
                               HasSubstr("made together")));
  files.put_key(TestCertificate::make("other", false, "RSA").key);
  EXPECT_THAT(refusal(), HasSubstr("does not belong to"));
  files.put_key(first.key_with_passphrase);
  EXPECT_THAT(refusal(), AllOf(HasSubstr("passphrase"), HasSubstr("openssl pkey")));
  files.put_key(first.key.substr(0, first.key.size() / 2));
  EXPECT_THAT(refusal(), HasSubstr(files.key() + " holds no whole private key"));
  files.put_key(first.chain);
  EXPECT_THAT(refusal(), HasSubstr(files.key() + " holds no whole private key"));
  std::filesystem::remove(files.key());
  EXPECT_THAT(refusal(),
              AllOf(HasSubstr("cannot read the key " + files.key()), HasSubstr("No such file")));
  for (const auto& text :
       {first.chain.substr(0, first.chain.size() / 2), first.key,
        first.chain + second.chain.substr(0, second.chain.size() / 2), std::string()}) {
    files.put_chain(text);
    EXPECT_THAT(refusal(), HasSubstr(files.chain() + " holds no whole certificate chain"));
  }
  std::filesystem::remove(files.chain());
  EXPECT_THAT(refusal(), AllOf(HasSubstr("cannot read the certificate " + files.chain()),
                               HasSubstr("No such file")));
}

TEST_F(TlsCertificateTest, ReadsFilesAnewOnceTheyLieStill) {
  const auto certificate = *load();
  const auto before = certificate->current();
  const auto look = [&] { return certificate->reload_if_changed().value(); };
  EXPECT_FALSE(look());
  EXPECT_FALSE(look());
  files.put_chain(second.chain);
  EXPECT_FALSE(look()) << "perhaps not all of it is there yet";
  files.put_key(second.key);
  EXPECT_FALSE(look());
  EXPECT_EQ(certificate->current(), before);
  EXPECT_TRUE(look());
  EXPECT_NE(certificate->current(), before);
  EXPECT_FALSE(look());
}

TEST_F(TlsCertificateTest, KeepsWhatItHasWhenTheNewIsBad) {
  const auto certificate = *load();
  const auto before = certificate->current();
  files.put_key(second.key);
  EXPECT_FALSE(certificate->reload_if_changed().value());
  EXPECT_THAT(certificate->reload_if_changed().error(), HasSubstr("does not belong to"));
  EXPECT_FALSE(certificate->reload_if_changed().value()) << "said once";
  EXPECT_THAT(certificate->reload().error(), HasSubstr("does not belong to"));
  EXPECT_EQ(certificate->current(), before);
  files.put_chain(second.chain);
  EXPECT_FALSE(certificate->reload_if_changed().value());
  EXPECT_TRUE(certificate->reload_if_changed().value());
  EXPECT_NE(certificate->current(), before);
}

}  // namespace
}  // namespace callstate::transports
