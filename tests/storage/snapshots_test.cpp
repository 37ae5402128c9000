#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "storage/sample_records.hpp"
#include "storage/sample_states.hpp"
#include "storage/stores.hpp"

namespace callstate::storage::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(Snapshots, AreFoundAtOnceAndAfterAMarkAndReopening) {
  const TemporaryDirectory directory;
  {
    const auto store = open(directory.path());
    append(*store, 80);
    auto& snapshots = store->snapshots();
    EXPECT_EQ(snapshots.last_mark().position, 0U);
    EXPECT_FALSE(snapshots.find_room(room_stream("standup")));
    snapshots.put(room_stream("standup"), sample_room());
    snapshots.put(user_stream("alice"), sample_user());
    EXPECT_EQ(snapshots.find_room(room_stream("standup")), sample_room());
    snapshots.mark({80, {room_stream("standup"), user_stream("alice")}});
  }  // closing waits for the mark
  const auto store = open(directory.path());
  auto& snapshots = store->snapshots();
  const auto mark = snapshots.last_mark();
  EXPECT_EQ(mark.position, 80U);
  EXPECT_EQ(mark.live, (std::vector{room_stream("standup"), user_stream("alice")}));
  EXPECT_EQ(snapshots.find_room(room_stream("standup")), sample_room());
  EXPECT_EQ(snapshots.find_user(user_stream("alice")), sample_user());
  EXPECT_FALSE(snapshots.find_user(user_stream("standup"))) << "a room is no user";
  EXPECT_FALSE(snapshots.find_room(room_stream("other")));
}

TEST(Snapshots, TheNewestStateCounts) {
  const TemporaryDirectory directory;
  const auto store = open(directory.path());
  for (call::Seq seq = 1; seq <= 5000; ++seq) {  // through memory and through RocksDB
    auto room = sample_room();
    room.seq = seq;
    room.metadata.assign(1000, 'm');
    store->snapshots().put(room_stream(std::to_string(seq % 100)), room);
  }
  for (call::Seq seq = 4901; seq <= 5000; ++seq) {
    const auto room = store->snapshots().find_room(room_stream(std::to_string(seq % 100)));
    ASSERT_TRUE(room);
    EXPECT_EQ(room->seq, seq);
  }
}

TEST(Snapshots, MarksAreInOrder) {
  const TemporaryDirectory directory;
  {
    const auto store = open(directory.path());
    append(*store, 100);
    for (call::Position position = 1; position <= 100; ++position) {
      store->snapshots().mark({position, {}});
    }
  }
  EXPECT_EQ(open(directory.path())->snapshots().last_mark().position, 100U);
}

TEST(Snapshots, AKillAfterAMarkLosesNothingThatTheMarkCovers) {
  const TemporaryDirectory directory;
  const auto store = open(directory / "live");
  append(*store, 30);
  store->snapshots().put(room_stream("standup"), sample_room());
  store->snapshots().mark({30, {room_stream("standup")}});
  while (store->snapshots().last_mark().position != 30) std::this_thread::yield();
  copy_files(directory / "live", directory / "killed");
  const auto reopened = open(directory / "killed");
  EXPECT_EQ(reopened->snapshots().last_mark().position, 30U);
  EXPECT_EQ(reopened->snapshots().find_room(room_stream("standup")), sample_room());
}

// Taken for absent, it would let the room's stream begin anew behind its back.
TEST(Snapshots, ThatCannotBeReadStopTheLog) {
  constexpr int rooms = 500;
  const TemporaryDirectory directory;
  {
    const auto store = open(directory.path());
    append(*store, 10);
    for (int i = 0; i < rooms; ++i) {
      store->snapshots().put(room_stream(std::to_string(i)), sample_room());
    }
    store->snapshots().mark({10, {}});
  }
  const auto table = file_in(directory.path(), ".sst");
  auto bytes = bytes_of(table);
  bytes[bytes.size() / 4] ^= 1;
  write_bytes(table, bytes);

  auto store = open(directory.path());
  EXPECT_FALSE(store->snapshots().find_room(room_stream("no such room")));
  append(*store, 10);
  int lost = 0;
  for (int i = 0; i < rooms; ++i) {
    if (!store->snapshots().find_room(room_stream(std::to_string(i)))) ++lost;
  }
  ASSERT_GT(lost, 0) << "nothing was damaged";
  const auto refused = try_append(*store, 10);
  ASSERT_FALSE(refused);
  const auto says_so = AllOf(HasSubstr("the snapshot of room "), HasSubstr(".sst"),
                             HasSubstr("The log itself is whole"), HasSubstr("start again"));
  EXPECT_THAT(refused.error().message, says_so);
  // Who folds the log is told that too, and not that the records do not fit.
  const auto read = store->reader().read(1, 20, [](const auto&, const auto&) { return false; });
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().message, says_so);

  store.reset();
  store = open(directory.path());
  EXPECT_EQ(store->snapshots().last_mark().position, 0U) << "all of the log is to be replayed";
  for (int i = 0; i < rooms; ++i) {
    EXPECT_FALSE(store->snapshots().find_room(room_stream(std::to_string(i))));
  }
  EXPECT_FALSE(std::filesystem::exists(table));
  append(*store, 10);
  EXPECT_EQ(positions_in(store->reader()).size(), 30U);
  store->snapshots().put(room_stream("standup"), sample_room());
  store->snapshots().mark({30, {room_stream("standup")}});
  store.reset();
  EXPECT_EQ(open(directory.path())->snapshots().last_mark().position, 30U);
}

TEST(Snapshots, ThatTheMarkNeedsAndThatCannotBeReadAreNoMark) {
  const TemporaryDirectory directory;
  {
    const auto store = open(directory.path());
    append(*store, 10);
    store->snapshots().put(room_stream("standup"), sample_room());
    store->snapshots().mark({10, {room_stream("standup")}});
  }
  const auto table = file_in(directory.path(), ".sst");
  auto bytes = bytes_of(table);
  bytes[20] ^= 1;
  write_bytes(table, bytes);
  {
    const auto store = open(directory.path());
    EXPECT_EQ(store->snapshots().last_mark().position, 0U);
    const auto read = store->reader().read(1, 10, [](const auto&, const auto&) { return true; });
    ASSERT_FALSE(read);
    EXPECT_THAT(read.error().message, HasSubstr("The log itself is whole"));
  }
  const auto store = open(directory.path());
  EXPECT_EQ(positions_in(store->reader()).size(), 10U);
  append(*store, 10);
}

TEST(Snapshots, OfOtherRulesAreAbsent) {
  const TemporaryDirectory directory;
  const auto open_with = [&](std::uint8_t rules) {
    call::Hash reducer{};
    reducer[0] = rules;
    auto store = Store::open({.path = directory.path(), .reducer = reducer});
    EXPECT_TRUE(store);
    return std::move(*store);
  };
  {
    const auto store = open_with(1);
    append(*store, 10);
    store->snapshots().put(room_stream("standup"), sample_room());
    store->snapshots().put(user_stream("alice"), sample_user());
    store->snapshots().mark({10, {}});
  }
  {
    const auto store = open_with(2);
    EXPECT_EQ(store->snapshots().last_mark().position, 0U);
    EXPECT_FALSE(store->snapshots().find_room(room_stream("standup")));
    EXPECT_FALSE(store->snapshots().find_user(user_stream("alice")));
  }
  EXPECT_EQ(open_with(1)->snapshots().last_mark().position, 10U);
}

}  // namespace
}  // namespace callstate::storage::testing
