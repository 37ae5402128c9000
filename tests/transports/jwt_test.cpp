#include "transports/jwt.hpp"

#include <gtest/gtest.h>

#include <random>

#include "test_keys.hpp"
#include "transports/jwks.hpp"
#include "transports/jwt_base64.hpp"
#include "transports/jwt_mint.hpp"

namespace callstate::transports {
namespace {

using std::chrono::seconds;
using testing::key_set;
using testing::TestKey;

constexpr std::string_view secret = "a secret of the tests, thirty-two bytes or more";
constexpr call::Time now{seconds(1'800'000'000)};
constexpr std::string_view hs256 = R"({"alg":"HS256","typ":"JWT"})";

/// Claims that are well; `more` begins with a comma.
std::string claims(std::string_view more = "", std::string_view exp = "1800000600") {
  return R"({"sub":"ann","exp":)" + std::string(exp) + R"(,"app_metadata":{"tenant_id":"acme"})" +
         std::string(more) + '}';
}

class FixedKeys final : public KeySource {
 public:
  explicit FixedKeys(std::string_view jwks) {
    auto parsed = parse_jwks(jwks);
    EXPECT_TRUE(parsed) << parsed.error();
    if (parsed) keys_ = std::make_shared<const KeySet>(*std::move(parsed));
  }
  [[nodiscard]] std::shared_ptr<const KeySet> keys() const override { return keys_; }
  bool unknown_key_seen() override {
    ++unknown;
    return looking;
  }

  int unknown = 0;
  bool looking = false;

 private:
  std::shared_ptr<const KeySet> keys_ = std::make_shared<const KeySet>();
};

JwtOptions with_secret() {
  JwtOptions options;
  options.secret = secret;
  return options;
}

std::string hmac(std::string_view payload) {
  return sign_hs256(secret, hs256, payload);
}

Identity accepted(JwtOptions options, std::string_view token, call::Time at = now) {
  auto identity = JwtAuthenticator(std::move(options)).verify(token, at);
  if (!identity) ADD_FAILURE() << identity.error().reason;
  return identity.value_or(Identity{});
}

std::string refused(JwtOptions options, std::string_view token, call::Time at = now) {
  auto identity = JwtAuthenticator(std::move(options)).verify(token, at);
  EXPECT_FALSE(identity);
  return identity ? "" : identity.error().reason;
}

std::string refused_claims(std::string_view payload, call::Time at = now) {
  return refused(with_secret(), hmac(payload), at);
}

// What a token says.

TEST(Jwt, AMintedTokenIsTheIdentity) {
  const auto identity =
      accepted(with_secret(), mint_token(secret, {.user = "ann",
                                                  .tenant = "acme",
                                                  .role = call::Role::portal_customer,
                                                  .name = "Ann \"A\"",
                                                  .issued = now,
                                                  .expires = now + seconds(60)}));
  EXPECT_EQ(identity.user.view(), "ann");
  EXPECT_EQ(identity.tenant.view(), "acme");
  EXPECT_EQ(identity.role, call::Role::portal_customer);
  EXPECT_EQ(identity.name, "Ann \"A\"");
  EXPECT_EQ(identity.issued_at, now);
  EXPECT_EQ(identity.expires_at, now + seconds(60));
}

TEST(Jwt, ATokenInTheShapeOfSupabase) {
  const auto identity = accepted(with_secret(), hmac(R"({
    "iss":"https://x.supabase.co/auth/v1","sub":"7a1","aud":"authenticated","exp":1800000600,
    "iat":1799999999.5,"email":"ann@acme.test","phone":"","role":"authenticated","aal":"aal1",
    "app_metadata":{"provider":"email","providers":["email"],"tenant_id":"acme",
                    "user_role":"AUDITOR"},
    "user_metadata":{"user_role":"SERVICE","tenant_id":"other","role":"SERVICE"},
    "amr":[{"method":"password","timestamp":1799999999}],"session_id":"s","is_anonymous":false})"));
  EXPECT_EQ(identity.role, call::Role::auditor);
  EXPECT_EQ(identity.tenant.view(), "acme");
  EXPECT_EQ(identity.name, "ann@acme.test");
}

TEST(Jwt, UsersCannotGiveThemselvesARoleOrATenant) {
  const auto identity = accepted(
      with_secret(), hmac(claims(R"(,"user_metadata":{"user_role":"SERVICE"},"role":"SERVICE")")));
  EXPECT_EQ(identity.role, call::Role::crm_user);
  EXPECT_EQ(
      refused_claims(R"({"sub":"ann","exp":1800000600,"user_metadata":{"tenant_id":"acme"}})"),
      "the claim app_metadata.tenant_id is missing");
}

TEST(Jwt, TopLevelClaimsAreTheSecondChoice) {
  const auto identity = accepted(
      with_secret(),
      hmac(R"({"sub":"ann","exp":1800000600,"tenant_id":"t","user_role":"SERVICE","name":"A"})"));
  EXPECT_EQ(identity.tenant.view(), "t");
  EXPECT_EQ(identity.role, call::Role::service);
  EXPECT_EQ(identity.name, "A");
}

TEST(Jwt, ClaimPathsAreSettings) {
  JwtOptions options = with_secret();
  options.claims.tenant = {"https://acme.test/tenant"};
  options.claims.role = {"a.b.c"};
  options.default_role = call::Role::auditor;
  const std::string start = R"({"sub":"ann","exp":1800000600,"https://acme.test/tenant":"t")";
  EXPECT_EQ(accepted(options, hmac(start + R"(,"a":{"b":{"c":"SERVICE"}}})")).role,
            call::Role::service);
  EXPECT_EQ(accepted(options, hmac(start + R"(,"a.b":{"c":"SERVICE"}})")).role,
            call::Role::service);
  EXPECT_EQ(accepted(options, hmac(start + R"(,"a":{"b":"SERVICE"}})")).role, call::Role::auditor);
}

TEST(Jwt, WithADirectoryATokenOfAUserNeedsNoTenant) {
  auto options = with_secret();
  options.users_in_directory = true;
  for (const auto* role : {"", R"(,"app_metadata":{"user_role":"editor"})", R"(,"user_role":7)"}) {
    const auto identity =
        accepted(options, hmac(std::string(R"({"sub":"ann","exp":1800000600)") + role + "}"));
    EXPECT_EQ(identity.user.view(), "ann");
    EXPECT_TRUE(identity.tenant.empty());
    EXPECT_EQ(identity.role, call::Role::crm_user);
  }
  const auto said = accepted(options, hmac(R"({"sub":"ann","exp":1800000600,"tenant_id":"acme"})"));
  EXPECT_EQ(said.tenant.view(), "acme") << "for the directory to agree with";
  refused(options, hmac(R"({"sub":"ann","exp":1800000600,"tenant_id":""})"));
  for (const auto* role : {"SERVICE", "AUDITOR"}) {
    const auto claimed = std::string(R"({"sub":"crm","exp":1800000600,"user_role":")") + role + '"';
    refused(options, hmac(claimed + "}"));
    EXPECT_EQ(name_of(accepted(options, hmac(claimed + R"(,"tenant_id":"acme"})")).role), role);
  }
}

TEST(Jwt, LongNamesAreCutBetweenCharacters) {
  std::string name;
  while (name.size() < 300) name += "\u20ac";
  EXPECT_EQ(accepted(with_secret(), hmac(claims(R"(,"name":")" + name + '"'))).name.size(), 255U);
  EXPECT_EQ(accepted(with_secret(), hmac(claims(R"(,"name":"a\u0000\nb")"))).name, "a  b");
  EXPECT_EQ(accepted(with_secret(), hmac(claims(R"(,"name":7)"))).name, "");
}

TEST(Jwt, ClaimsThatAreNotAsTheyMustBe) {
  EXPECT_EQ(refused_claims(R"({"exp":1800000600,"tenant_id":"t"})"), "the claim sub is missing");
  EXPECT_EQ(refused_claims(R"({"sub":"","exp":1800000600,"tenant_id":"t"})"),
            "the claim sub is empty");
  EXPECT_EQ(refused_claims(R"({"sub":1,"exp":1800000600,"tenant_id":"t"})"),
            "the claim sub must be a string");
  EXPECT_EQ(refused_claims(R"({"sub":"a\u0000","exp":1800000600,"tenant_id":"t"})"),
            "the claim sub holds control characters");
  EXPECT_EQ(refused_claims(R"({"sub":"system","exp":1800000600,"tenant_id":"t"})"),
            "the claim sub is reserved");
  EXPECT_EQ(refused_claims(R"({"sub":")" + std::string(256, 'u') +
                           R"(","exp":1800000600,"tenant_id":"t"})"),
            "the claim sub has more than 255 bytes");
  EXPECT_EQ(refused_claims(R"({"sub":"a","exp":1800000600})"),
            "the claim app_metadata.tenant_id is missing");
  EXPECT_EQ(refused_claims(R"({"sub":"a","exp":1800000600,"tenant_id":""})"),
            "the claim tenant_id is empty");
  EXPECT_EQ(refused_claims(R"({"sub":"a","exp":1800000600,"tenant_id":["t"]})"),
            "the claim tenant_id must be a string");
  EXPECT_EQ(refused_claims(R"({"sub":"a","exp":1800000600,"tenant_id":")" + std::string(129, 't') +
                           "\"}"),
            "the claim tenant_id has more than 128 bytes");
  EXPECT_EQ(refused_claims(claims(R"(,"user_role":"SYSTEM")")),
            "the claim user_role is no known role");
  EXPECT_EQ(refused_claims(claims(R"(,"user_role":7)")), "the claim user_role is no known role");
  EXPECT_EQ(refused_claims(claims(R"(,"sub":"bob")")), "the claims are not strict JSON");
  EXPECT_EQ(refused_claims("[]"), "the claims are no JSON object");
  EXPECT_EQ(refused_claims("x"), "the claims are not strict JSON");
}

TEST(Jwt, Times) {
  EXPECT_EQ(refused_claims(R"({"sub":"a","tenant_id":"t"})"), "the claim exp is missing");
  EXPECT_EQ(refused_claims(claims("", "1799999965")), "expired 35 s ago");
  EXPECT_EQ(refused_claims(claims("", "1799999970")), "expired 30 s ago");
  accepted(with_secret(), hmac(claims("", "1799999971")));
  accepted(with_secret(), hmac(claims("", "1799999970.5")));
  EXPECT_EQ(refused_claims(claims(R"(,"nbf":1800000031)")), "not valid for another 31 s");
  accepted(with_secret(), hmac(claims(R"(,"nbf":1800000030)")));
  for (const char* time :
       {"\"1800000600\"", "-1", "1e300", "null", "true", "[]", "99999999999999"}) {
    EXPECT_EQ(refused_claims(claims("", time)), "the claim exp is no sane time") << time;
    EXPECT_EQ(refused_claims(claims(",\"nbf\":" + std::string(time))),
              "the claim nbf is no sane time");
    EXPECT_EQ(refused_claims(claims(",\"iat\":" + std::string(time))),
              "the claim iat is no sane time");
  }
  EXPECT_EQ(refused_claims(claims("", "1e999")), "the claims are not strict JSON");
}

TEST(Jwt, AudienceAndIssuer) {
  JwtOptions options = with_secret();
  options.audience = "callstate";
  EXPECT_EQ(refused(options, hmac(claims())), "the claim aud is missing");
  EXPECT_EQ(refused(options, hmac(claims(R"(,"aud":"x")"))),
            "the claim aud is not the expected one");
  EXPECT_EQ(refused(options, hmac(claims(R"(,"aud":["x",1])"))),
            "the claim aud is not the expected one");
  accepted(options, hmac(claims(R"(,"aud":"callstate")")));
  accepted(options, hmac(claims(R"(,"aud":["x","callstate"])")));
  options = with_secret();
  options.issuer = "us";
  EXPECT_EQ(refused(options, hmac(claims())), "the claim iss is missing");
  EXPECT_EQ(refused(options, hmac(claims(R"(,"iss":["us"])"))),
            "the claim iss is not the expected one");
  accepted(options, hmac(claims(R"(,"iss":"us")")));
}

// What a token is.

TEST(Jwt, Shapes) {
  const std::string token = hmac(claims());
  const auto options = with_secret();
  accepted(options, token);
  EXPECT_EQ(refused(options, ""), "there is no token");
  for (const std::string& shape :
       {std::string("x"), std::string("a.b"), token + ".", token + ".x", "." + token}) {
    EXPECT_EQ(refused(options, shape), "a token has three segments") << shape;
  }
  for (const std::string& shape : {token + "=", token + " ", " " + token, token + "\n"}) {
    EXPECT_EQ(refused(options, shape), "a segment is not base64url without padding");
  }
  const auto payload = token.find('.') + 1;
  const auto signature = token.rfind('.');
  EXPECT_EQ(refused(options, token.substr(0, signature + 1)), "the token is not signed");
  EXPECT_EQ(refused(options, token.substr(0, payload) + token.substr(signature)),
            "a segment is empty");
  EXPECT_EQ(refused(options, std::string(10'240, 'a')), "the token is larger than 8192 bytes");
  EXPECT_EQ(refused(options, hmac(claims(",\"x\":\"" + std::string(8000, 'x') + '"'))),
            "the token is larger than 8192 bytes");
}

TEST(Jwt, Headers) {
  const auto with = [](std::string_view header) {
    return refused(with_secret(), sign_hs256(secret, header, claims()));
  };
  EXPECT_EQ(with(R"({"alg":"none"})"), "alg none is refused");
  for (const char* alg : {"None", "HS512", "hs256", "RSA", "", "HS256 "}) {
    EXPECT_EQ(with(R"({"alg":")" + std::string(alg) + "\"}"), "alg is none of HS256, RS256, ES256");
  }
  EXPECT_EQ(with(R"({"typ":"JWT"})"), "the header has no alg");
  EXPECT_EQ(with(R"({"alg":["HS256"]})"), "the header has no alg");
  EXPECT_EQ(with(R"({"alg":"HS256","alg":"HS256"})"), "the header is not strict JSON");
  EXPECT_EQ(with(R"({"alg":"HS256","crit":["exp"]})"), "the header has crit");
  EXPECT_EQ(with(R"({"alg":"HS256","kid":7})"), "kid must be a string");
  EXPECT_EQ(with("[]"), "the header is no JSON object");
  EXPECT_EQ(with(R"({"alg":"RS256"})"), "no key is configured for alg RS256");
  const std::string unsigned_token =
      encode_base64url(R"({"alg":"none"})") + '.' + encode_base64url(claims()) + '.';
  EXPECT_EQ(refused(with_secret(), unsigned_token), "the token is not signed");
}

TEST(Jwt, Signatures) {
  const auto options = with_secret();
  std::string token = hmac(claims());
  EXPECT_EQ(refused(options, sign_hs256("another secret", hs256, claims())),
            "the signature does not match");
  EXPECT_EQ(refused(options, token.substr(0, token.rfind('.') + 1) + "AAAA"),
            "the signature does not match");
  const std::string other = hmac(claims(R"(,"x":1)"));
  EXPECT_EQ(refused(options, token.substr(0, token.rfind('.')) + other.substr(other.rfind('.'))),
            "the signature does not match");
  EXPECT_EQ(refused(JwtOptions{}, token), "no key is configured for alg HS256");
}

TEST(Jwt, RefusalsAreOfOneKindEach) {
  using Kind = AuthFailure::Kind;
  const auto kind = [](std::string_view token) {
    const auto identity = JwtAuthenticator(with_secret()).verify(token, now);
    return identity ? std::nullopt : std::optional(identity.error().kind);
  };
  EXPECT_EQ(kind("no token"), Kind::malformed);
  EXPECT_EQ(kind(sign_hs256(secret, R"({"alg":"none"})", claims())), Kind::malformed);
  EXPECT_EQ(kind(sign_hs256(secret, R"({"alg":"RS256"})", claims())), Kind::key);
  EXPECT_EQ(kind(sign_hs256("another secret", hs256, claims())), Kind::signature);
  EXPECT_EQ(kind(hmac("[]")), Kind::claims);
  EXPECT_EQ(kind(hmac(R"({"sub":"a","tenant_id":"t"})")), Kind::claims);  // no exp
  EXPECT_EQ(kind(hmac(claims(R"(,"user_role":7)"))), Kind::claims);
  EXPECT_EQ(kind(hmac(claims("", "1799999965"))), Kind::time);
  EXPECT_EQ(kind(hmac(claims(R"(,"nbf":1800000031)"))), Kind::time);
}

// Any single change of a token is refused.
TEST(Jwt, NoByteOfATokenCanBeChanged) {
  JwtAuthenticator authenticator(with_secret());
  const std::string token = hmac(claims());
  std::mt19937 random(7);
  for (std::size_t at = 0; at < token.size(); ++at) {
    for (int i = 0; i < 8; ++i) {
      std::string changed = token;
      changed[at] = static_cast<char>(random());
      if (changed == token) continue;
      EXPECT_FALSE(authenticator.verify(changed, now)) << at;
    }
  }
}

// Keys of a set.

class JwtWithKeySet : public ::testing::Test {
 protected:
  static const TestKey& rsa() {
    static const TestKey key = TestKey::rsa();
    return key;
  }
  static const TestKey& ec() {
    static const TestKey key = TestKey::ec();
    return key;
  }
  static JwtOptions with_keys(std::string_view jwks) {
    JwtOptions options;
    options.keys = std::make_shared<FixedKeys>(jwks);
    return options;
  }
};

TEST_F(JwtWithKeySet, Rs256AndEs256) {
  const auto options = with_keys(key_set({rsa().jwk("r"), ec().jwk("e")}));
  accepted(options, rsa().sign(R"({"alg":"RS256","kid":"r"})", claims()));
  accepted(options, ec().sign(R"({"alg":"ES256","kid":"e"})", claims()));
  accepted(options, rsa().sign(R"({"alg":"RS256"})", claims()));
  accepted(options, ec().sign(R"({"alg":"ES256"})", claims()));
  EXPECT_EQ(refused(options, TestKey::rsa().sign(R"({"alg":"RS256","kid":"r"})", claims())),
            "the signature does not match");
  EXPECT_EQ(refused(options, TestKey::ec().sign(R"({"alg":"ES256","kid":"e"})", claims())),
            "the signature does not match");
}

TEST_F(JwtWithKeySet, TheKeyPinsTheAlgorithm) {
  const auto options = with_keys(key_set({rsa().jwk("r"), ec().jwk("e")}));
  // The classic: the public key, which everybody has, taken for a shared secret.
  EXPECT_EQ(refused(options, sign_hs256(rsa().pem(), R"({"alg":"HS256","kid":"r"})", claims())),
            "alg HS256 does not fit the RSA key");
  EXPECT_EQ(refused(options, sign_hs256(rsa().pem(), R"({"alg":"HS256"})", claims())),
            "no key fits alg HS256");
  EXPECT_EQ(refused(options, rsa().sign(R"({"alg":"RS256","kid":"e"})", claims())),
            "alg RS256 does not fit the EC key");
  JwtOptions both = options;
  both.secret = secret;
  EXPECT_EQ(refused(both, sign_hs256(rsa().pem(), R"({"alg":"HS256","kid":"r"})", claims())),
            "alg HS256 does not fit the RSA key");
  EXPECT_EQ(refused(both, sign_hs256(rsa().pem(), R"({"alg":"HS256"})", claims())),
            "the signature does not match");
  accepted(both, sign_hs256(secret, R"({"alg":"HS256","kid":"the issuer's own"})", claims()));
  accepted(both, rsa().sign(R"({"alg":"RS256","kid":"r"})", claims()));
}

TEST_F(JwtWithKeySet, AnUnknownKidMakesTheSourceLookAgain) {
  const auto keys = std::make_shared<FixedKeys>(key_set({rsa().jwk("r")}));
  JwtOptions options;
  options.keys = keys;
  EXPECT_EQ(refused(options, rsa().sign(R"({"alg":"RS256","kid":"new"})", claims())),
            "unknown kid; the key set is being read again");
  EXPECT_EQ(keys->unknown, 1);
  accepted(options, rsa().sign(R"({"alg":"RS256","kid":"r"})", claims()));
  EXPECT_EQ(keys->unknown, 1);
}

TEST_F(JwtWithKeySet, WithoutAKidTheKeyMustBeTheOnlyOne) {
  const auto options = with_keys(key_set({rsa().jwk("1"), rsa().jwk("2"), ec().jwk("3")}));
  EXPECT_EQ(refused(options, rsa().sign(R"({"alg":"RS256"})", claims())),
            "several keys fit alg RS256 and the token names none");
  accepted(options, ec().sign(R"({"alg":"ES256"})", claims()));
}

TEST_F(JwtWithKeySet, SecretsInASetMustSayHs256) {
  const std::string k = encode_base64url(secret);
  const std::string start = R"({"kty":"oct","kid":"s","k":")" + k + '"';
  const auto options = with_keys(key_set({start + R"(,"alg":"HS256"})"}));
  accepted(options, sign_hs256(secret, R"({"alg":"HS256","kid":"s"})", claims()));
  EXPECT_FALSE(parse_jwks(key_set({start + "}"})));
  EXPECT_FALSE(parse_jwks(key_set({start + R"(,"alg":"HS512"})"})));
}

TEST_F(JwtWithKeySet, KeysOfNoUse) {
  EXPECT_TRUE(parse_jwks(R"({"keys":[]})"));
  const auto why = [](const std::string& key) {
    const auto set = parse_jwks(key_set({key}));
    EXPECT_FALSE(set) << key;
    return set ? "" : set.error().substr(set.error().rfind(": ") + 2);
  };
  EXPECT_EQ(why(rsa().jwk("r", R"(,"use":"enc")")), "its use is not sig");
  EXPECT_EQ(why(rsa().jwk("r", R"(,"alg":"PS256")")), "its alg does not fit its kty");
  EXPECT_EQ(why(rsa().jwk("r", R"(,"key_ops":["encrypt"])")), "its key_ops do not hold verify");
  EXPECT_TRUE(
      parse_jwks(key_set({rsa().jwk("r", R"(,"use":"sig","alg":"RS256","key_ops":["verify"])")})));
  EXPECT_EQ(why(TestKey::rsa(1024).jwk("r")),
            "its modulus n is missing, malformed, or not of 2048 to 8192 bits");
  EXPECT_EQ(why(TestKey::ec("P-384").jwk("e")), "its crv is not P-256");
  EXPECT_EQ(why(R"({"kty":"OKP","crv":"Ed25519","x":"AA"})"), "its kty is none of RSA, EC, oct");
  EXPECT_EQ(why("7"), "its kty is none of RSA, EC, oct");
  // A point that is not on the curve.
  EXPECT_EQ(why(R"({"kty":"EC","crv":"P-256","x":")" + encode_base64url(std::string(32, '\1')) +
                R"(","y":")" + encode_base64url(std::string(32, '\2')) + "\"}"),
            "its numbers are no valid key");
  // One of no use does not spoil the rest.
  EXPECT_EQ(parse_jwks(key_set({"{}", ec().jwk("e")}))->size(), 1U);
  for (const char* text :
       {"", "[]", "{}", "<html>", R"({"keys":{}})", R"({"keys":[],"keys":[]})"}) {
    EXPECT_FALSE(parse_jwks(text)) << text;
  }
  std::string many = "{}";
  for (int i = 0; i < 100; ++i) many += ",{}";
  EXPECT_EQ(parse_jwks("{\"keys\":[" + many + "]}").error(), "has more than 100 keys");
}

TEST(JwtBase64, OneSpellingForEachValue) {
  for (std::size_t size = 0; size < 64; ++size) {
    std::string bytes;
    for (std::size_t i = 0; i < size; ++i) bytes.push_back(static_cast<char>(i * 37 + size));
    EXPECT_EQ(decode_base64url(encode_base64url(bytes)), bytes);
  }
  EXPECT_EQ(encode_base64url("\xfb\xff"), "-_8");
  for (const char* text : {"A", "AAAAA", "-_9", "AB", "AA==", "A+AA", "A/AA", "A A", "\xff\xff"}) {
    EXPECT_FALSE(decode_base64url(text)) << text;
  }
}

}  // namespace
}  // namespace callstate::transports
