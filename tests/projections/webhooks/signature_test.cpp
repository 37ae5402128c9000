#include "projections/webhooks/signature.hpp"

#include <gmock/gmock.h>

namespace callstate::projections {
namespace {

using testing::HasSubstr;
using testing::Not;

// The reference vector of the standard's own libraries.
constexpr auto reference_secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
constexpr auto reference_id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
constexpr std::int64_t reference_time = 1614265330;
constexpr auto reference_body = R"({"test": 2432232314})";
constexpr auto reference_signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

std::string signed_with(std::string_view secrets) {
  const auto keys = parse_signing_secrets(secrets);
  if (!keys) return keys.error();
  return sign(*keys, reference_id, reference_time, reference_body);
}

TEST(Signature, IsTheStandardsOwn) {
  EXPECT_EQ(signed_with(reference_secret), reference_signature);
}

TEST(Signature, DependsOnIdTimeAndBody) {
  const auto keys = *parse_signing_secrets(reference_secret);
  const auto with = [&](std::string_view id, std::int64_t at, std::string_view body) {
    return sign(keys, id, at, body);
  };
  EXPECT_EQ(with(reference_id, reference_time, reference_body), reference_signature);
  EXPECT_NE(with("msg_other", reference_time, reference_body), reference_signature);
  EXPECT_NE(with(reference_id, reference_time + 1, reference_body), reference_signature);
  EXPECT_NE(with(reference_id, reference_time, "{}"), reference_signature);
}

TEST(Signature, OfSeveralSecretsStandsBesideOneAnother) {
  constexpr std::string_view other = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
  const auto alone = signed_with(other);
  const std::string both = std::string(other) + "\n" + reference_secret + "\n";
  EXPECT_EQ(signed_with(both), alone + " " + reference_signature);
  EXPECT_EQ(signed_with(std::string(other) + ", " + reference_secret),
            alone + " " + reference_signature);
}

TEST(Signature, TakesBase64WithAndWithoutPadding) {
  EXPECT_EQ(signed_with("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="),
            signed_with("whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"));
}

TEST(Signature, RefusesWhatIsNoSecretWithoutQuotingIt) {
  const auto refusal = [](std::string_view text) {
    const auto keys = parse_signing_secrets(text);
    return keys ? std::string() : keys.error();
  };
  EXPECT_THAT(refusal("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), HasSubstr("whsec_"));
  EXPECT_THAT(refusal("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa!!"), HasSubstr("not base64"));
  EXPECT_THAT(refusal("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw="), Not(HasSubstr("MfKQ")));
  EXPECT_THAT(refusal("whsec_MfKQ9r8GKYqrTwjUPD8ILPZI"), HasSubstr("24 to 64 bytes"));
  EXPECT_THAT(refusal("whsec_" + std::string(88, 'A')), HasSubstr("this one 66"));
  EXPECT_THAT(refusal("whsec_"), HasSubstr("this one 0"));
  EXPECT_TRUE(parse_signing_secrets(" \n")->empty());
}

}  // namespace
}  // namespace callstate::projections
