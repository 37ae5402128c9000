#include <gtest/gtest.h>

#include <string>

#include "core/call/ids.hpp"

namespace callstate::call {
namespace {

TEST(Text, HoldsUpToItsBoundAndNoMore) {
  using Short = Text<struct ShortTag, 4>;
  EXPECT_EQ(Short::from("four")->view(), "four");
  EXPECT_FALSE(Short::from("five5"));
  EXPECT_EQ(Short::clipped("five5").view(), "five");
  EXPECT_TRUE(Short{}.empty());
}

TEST(Text, ComparesByWhatIsInUse) {
  auto text = UserId::clipped("a longer text before");
  text = UserId::clipped("b");
  EXPECT_EQ(text, UserId::clipped("b"));
  EXPECT_LT(UserId::clipped("a"), text);
  EXPECT_NE(UserId::clipped("bb"), text);
}

TEST(RoomName, KeepsToTheGrammar) {
  EXPECT_TRUE(parse_room_name("acme-call-1_2.3:4~5"));
  for (const auto* name : {"", "a b", "a/b", "a\n", "zimm\xC3\xA9r", "a%20b"}) {
    EXPECT_FALSE(parse_room_name(name)) << name;
  }
  EXPECT_TRUE(parse_room_name(std::string(128, 'a')));
  EXPECT_FALSE(parse_room_name(std::string(129, 'a')));
}

TEST(CallId, IsWrittenAndReadAsAUuid) {
  const std::string text = "0190d6a4-7c2e-7abc-8def-0123456789ab";
  const auto id = parse_call_id(text);
  ASSERT_TRUE(id);
  EXPECT_EQ(to_string(*id), text);
  EXPECT_FALSE(id->empty());
  EXPECT_EQ(parse_call_id("0190D6A4-7C2E-7ABC-8DEF-0123456789AB"), id);
  for (const auto* wrong :
       {"", "0190d6a4-7c2e-7abc-8def-0123456789a", "0190d6a4-7c2e-7abc-8def-0123456789abc",
        "0190d6a47-c2e-7abc-8def-0123456789ab", "0190d6a4-7c2e-7abc-8def-0123456789ag"}) {
    EXPECT_FALSE(parse_call_id(wrong)) << wrong;
  }
}

TEST(Role, OfATokenIsNeverTheServers) {
  EXPECT_EQ(parse_role("PORTAL_CUSTOMER"), Role::portal_customer);
  EXPECT_FALSE(parse_role("SYSTEM"));
  EXPECT_FALSE(parse_role("crm_user"));
}

}  // namespace
}  // namespace callstate::call
