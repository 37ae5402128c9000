#include "storage/detail/index_codec.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "storage/call_index_fixture.hpp"
#include "storage/detail/index_keys.hpp"

namespace callstate::storage::testing {
namespace {

using history::CallCursor;

CallRow full_row() {
  auto row = call_row(7, {"ann", "bob", "carol"});
  row.parties[1].role.reset();
  row.parties[2].role = call::Role::portal_customer;
  row.caller_name = "Ann Ä.";
  row.callee_name = std::string("B\0b", 3);
  row.metadata = R"({"n":1e400})";
  row.status = Status::failed;
  row.answered_at = some_day + std::chrono::seconds(8);
  row.ended_at = some_day + std::chrono::seconds(9);
  row.ring_deadline = call::Time(call::Duration(-1));
  row.duration_s = std::numeric_limits<std::uint32_t>::max();
  row.end_reason = call::EndReason::media_finished;
  row.end_detail = "why";
  row.changed_position = std::numeric_limits<call::Position>::max();
  return row;
}

TEST(IndexCodec, RowsComeBackAsTheyWere) {
  index::Encoder encoder;
  EXPECT_EQ(index::decode_call(encoder.encode(full_row())), full_row());
  EXPECT_EQ(index::decode_call(encoder.encode(CallRow{})), CallRow{});
  for (int status = 0; status <= static_cast<int>(Status::failed); ++status) {
    auto row = full_row();
    row.status = static_cast<Status>(status);
    EXPECT_EQ(index::decode_call(encoder.encode(row)), row);
  }
  for (int reason = 0; reason <= static_cast<int>(call::EndReason::media_finished); ++reason) {
    auto row = full_row();
    row.end_reason = static_cast<call::EndReason>(reason);
    EXPECT_EQ(index::decode_call(encoder.encode(row)), row);
  }
}

TEST(IndexCodec, WhatElseIsKeptComesBackAsItWas) {
  index::Encoder encoder;
  const index::Checkpoint checkpoint{call::Hash{1, 2, 3}, "a-log", 42};
  EXPECT_EQ(index::decode_checkpoint(encoder.encode(checkpoint)), checkpoint);
  const index::Skipped skipped{"ticket 7", some_day};
  EXPECT_EQ(index::decode_skipped(encoder.encode(skipped)), skipped);
}

TEST(IndexCodec, OneKindIsNotTakenForAnother) {
  index::Encoder encoder;
  EXPECT_FALSE(index::decode_checkpoint(encoder.encode(full_row())));
  EXPECT_FALSE(index::decode_call(encoder.encode(index::Skipped{"x", some_day})));
  EXPECT_FALSE(index::decode_skipped(encoder.encode(index::Checkpoint{})));
}

TEST(IndexCodec, ValuesThatNobodyKnowsAreRefused) {
  index::Encoder encoder;
  auto row = full_row();
  row.status = static_cast<Status>(7);
  EXPECT_FALSE(index::decode_call(encoder.encode(row)));
  row = full_row();
  row.end_reason = static_cast<call::EndReason>(8);
  EXPECT_FALSE(index::decode_call(encoder.encode(row)));
  row = full_row();
  row.parties[0].role = static_cast<call::Role>(5);
  EXPECT_FALSE(index::decode_call(encoder.encode(row)));
}

TEST(IndexCodec, EveryFlippedBitAndTruncationDecodesOrIsRefused) {
  index::Encoder encoder;
  const auto whole = encoder.encode(full_row());
  std::vector<std::uint8_t> bytes(whole.begin(), whole.end());
  std::size_t refused = 0;
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    if (!index::decode_call(bytes)) ++refused;
    bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
  }
  EXPECT_GT(refused, 100U);
  for (std::size_t size = 0; size < 64; ++size)
    EXPECT_FALSE(index::decode_call(std::span(bytes).first(size))) << size;
}

TEST(IndexKeys, ListsAreNewestFirstAndComeBack) {
  const auto list = index::list_of(tenant("acme"), call::user("ann"));
  const std::vector<CallCursor> falling{
      {call::Time::max(), call_id(1)},
      {some_day + call::Duration(1), call_id(1)},
      {some_day, call_id(2)},
      {some_day, call_id(1)},
      {some_day, {}},
      {call::Time{}, call_id(9)},
      {call::Time(call::Duration(-1)), call_id(9)},
      {call::Time::min(), {}},
  };
  std::string last = list;
  for (const auto& each : falling) {
    const auto key = index::list_key(list, each);
    EXPECT_LT(last, key);
    EXPECT_LT(key, index::end_of(list));
    const auto back = index::parse_list_key(list, key);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->started_at, each.started_at);
    EXPECT_EQ(back->id, each.id);
    last = key;
  }
  EXPECT_FALSE(index::parse_list_key(list, list));
  EXPECT_FALSE(index::parse_list_key(list, last + "x"));
  EXPECT_FALSE(index::parse_list_key(index::list_of(tenant("acme"), call::user("bob")), last));
}

TEST(IndexKeys, APlaceBeforeATimeIsBehindAllOfThatTime) {
  const auto list = index::list_of(tenant("acme"));
  call::CallId highest;
  highest.bytes.fill(0xff);
  const auto place = index::before(list, some_day);
  EXPECT_LT(index::list_key(list, {some_day, highest}), place);
  EXPECT_LT(index::list_key(list, {some_day, {}}), place);
  EXPECT_LT(place, index::list_key(list, {some_day - call::Duration(1), highest}));
}

TEST(IndexKeys, NoListBeginsLikeAnother) {
  // Names that would run into one another without their lengths.
  const std::vector<std::string> lists{
      index::list_of(tenant("a")),
      index::list_of(tenant("ab")),
      index::list_of(tenant("a"), call::user("bc")),
      index::list_of(tenant("ab"), call::user("c")),
      index::list_of(tenant("a"), room("bc")),
      index::list_of(tenant("a"), call::user(std::string_view("b\0c", 3))),
      index::list_of(tenant("a"), call::user("b")),
  };
  for (const auto& one : lists) {
    for (const auto& other : lists) EXPECT_EQ(one.starts_with(other), one == other);
  }
}

TEST(IndexKeys, OthersComeBackToo) {
  EXPECT_EQ(index::parse_live_key(index::live_key(call_id(7))), call_id(7));
  EXPECT_FALSE(index::parse_live_key(index::call_key(call_id(7))));
  EXPECT_FALSE(index::parse_live_key("l"));
  EXPECT_EQ(index::parse_event_key(index::event_key(call_id(7), 258)), 258U);
  EXPECT_LT(index::event_key(call_id(7), 255), index::event_key(call_id(7), 256));
  EXPECT_FALSE(index::parse_event_key("e"));
}

}  // namespace
}  // namespace callstate::storage::testing
