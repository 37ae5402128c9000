#include "projections/postgres/jsonb.hpp"

#include <gtest/gtest.h>

namespace callstate::projections::postgres {
namespace {

TEST(AsJsonb, LeavesAloneWhatJsonbCarries) {
  for (const auto* json :
       {R"({})", R"({"a":[1,2.50,{"b":null}],"c":"ü\n\t\"\\"})", R"({"n":-1.5e10,"z":0,"y":1E-5})",
        R"({"u0000":"u0000","x":"\\u0000"})", R"({"d":"1e999","s":"-0"})", R"({"json":1})"}) {
    EXPECT_EQ(as_jsonb(json), json);
  }
}

TEST(AsJsonb, CarriesAsTextWhatItWouldNot) {
  EXPECT_EQ(as_jsonb(R"({"a":"\u0000"})"), R"({"$json":"{\"a\":\"\\u0000\"}"})");
  for (const auto* json :
       {R"({"\u0000":1})", R"({"a":"\ud800"})", R"({"a":-0})", R"({"a":-0.0e1})", R"({"a":1e401})",
        R"({"a":[1e-99999999999]})", R"({"$json":"x"})", R"({"a":"\\\u0000"})"}) {
    EXPECT_TRUE(as_jsonb(json).starts_with(R"({"$json":")")) << json;
  }
}

TEST(AsJsonb, EscapesTheText) {
  std::string text;
  append_escaped(text, "a\"b\\c\x01\x1f\n\x7fé");
  EXPECT_EQ(text, "a\\\"b\\\\c\\u0001\\u001f\\u000a\x7fé");
}

}  // namespace
}  // namespace callstate::projections::postgres
