#include "tools/callstate/report/condition.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "memory_log.hpp"

namespace callstate::tools {
namespace {

using ::testing::HasSubstr;
using testing::MemoryLog;
using testing::user;

/// Whether it holds for the record, the room being as it is given.
bool holds(std::string_view text, const call::Record& record, const call::Room* room = nullptr) {
  const auto condition = Condition::parse(text);
  EXPECT_TRUE(condition) << condition.error();
  return condition && condition->holds(record, room);
}

std::string error_of(std::string_view text) {
  const auto condition = Condition::parse(text);
  return condition ? std::string() : condition.error();
}

TEST(Condition, HoldsWhereAllOfItsTermsDo) {
  MemoryLog log;
  const auto& record = log.refused("alice", call::ErrorCode::wrong_state, call::Accepted{});
  EXPECT_TRUE(holds("type=ACCEPTED user=alice outcome=refused", record));
  EXPECT_FALSE(holds("type=ACCEPTED user=bob outcome=refused", record));
  EXPECT_TRUE(holds("code=WRONG_STATE room=demo tenant=acme device=laptop", record));
  EXPECT_TRUE(holds("accepted", record)) << "a type alone, in whatever case";
  EXPECT_TRUE(holds("type!=ENDED pos>=1 pos<2", record));
  EXPECT_FALSE(holds("pos>1", record));
}

TEST(Condition, OneOfSeveralValuesIsEnough) {
  MemoryLog log;
  const auto& record = log.by("alice", call::Ended{});
  EXPECT_TRUE(holds("type=REJECTED|ENDED", record));
  EXPECT_FALSE(holds("type!=REJECTED|ENDED", record));
}

TEST(Condition, AUserIsWhoActedOrWasNamed) {
  MemoryLog log;
  const auto& record = log.starts("alice", {user("bob")});
  EXPECT_TRUE(holds("user=bob", record));
  EXPECT_TRUE(holds("user=alice", record));
  EXPECT_FALSE(holds("by=bob", record));
  EXPECT_FALSE(holds("user=Bob", record)) << "names are told apart by their capitals";
}

TEST(Condition, LooksAtTheRoomAfterTheRecord) {
  MemoryLog log;
  const auto& record = log.by("bob", call::Ringing{});
  call::Room room;
  EXPECT_FALSE(holds("status=active", record, &room));
  room.state = call::CallState::ringing;
  EXPECT_TRUE(holds("status=active state=RINGING", record, &room));
  EXPECT_FALSE(holds("status=active", record)) << "without a room nothing goes on";
}

TEST(Condition, WhatMakesNoSenseIsSaid) {
  EXPECT_THAT(error_of(""), HasSubstr("a condition is needed"));
  EXPECT_THAT(error_of("frobnicate"), HasSubstr("is no condition (write type=ACCEPTED"));
  EXPECT_THAT(error_of("colour=red"), HasSubstr("there are type, user, by"));
  EXPECT_THAT(error_of("type=HELLO"), HasSubstr("\"HELLO\" is no type: there are CALL_STARTED"));
  EXPECT_THAT(error_of("type=ENDED|X"), HasSubstr("\"X\" is no type"));
  EXPECT_THAT(error_of("outcome="), HasSubstr("says nothing after ="));
  EXPECT_THAT(error_of("pos=x"), HasSubstr("is no number"));
  EXPECT_THAT(error_of("type<ENDED"), HasSubstr("only pos and seq"));
  EXPECT_THAT(error_of("user!alice"), HasSubstr("! without ="));
}

}  // namespace
}  // namespace callstate::tools
