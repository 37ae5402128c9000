#include "storage/call_index_maintenance.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "core/call/world.hpp"
#include "core/history/call_history.hpp"
#include "storage/call_index_fixture.hpp"
#include "storage/detail/index_codec.hpp"
#include "storage/detail/index_database.hpp"
#include "storage/detail/index_keys.hpp"
#include "support/memory_log.hpp"

namespace callstate::storage::testing {
namespace {

using history::Drift;
using history::Progress;
using ::testing::HasSubstr;
using ::testing::SizeIs;

/// An index that follows a log by hand.
class CallIndexMaintenance : public CallIndexTest {
 protected:
  static constexpr std::size_t records_of_call = 3;

  void SetUp() override { ASSERT_TRUE(open_for_log()); }

  std::expected<void, Trouble> open_for_log() {
    auto standing = open(log.head());
    if (!standing) return std::unexpected(standing.error());
    following = history::CallHistory(standing->live);
    return {};
  }
  void talk(std::size_t calls) {
    auto batch = log.begin();
    for (std::size_t i = 0; i < calls; ++i) {
      world.send("ann", call::start({"bob"}));
      world.send("bob", call::Accept{});
      world.send("ann", call::End{});
    }
    for (; added < world.log.size(); ++added) batch->add(world.log[added]);
    ASSERT_TRUE(log.commit(std::move(batch)));
  }
  void follow() {
    ASSERT_TRUE(log.read(index->position() + 1, log.head(), [&](const auto& record, const auto&) {
      following.add(record);
      return true;
    }));
    auto changes = following.take();
    changes.position = log.head();
    ASSERT_TRUE(index->apply(changes));
  }
  IndexSource source() {
    return {.log = log,
            .log_id = "a-log",
            .alone = [this](const IndexSource::Work& work) -> std::expected<void, Trouble> {
              if (before_alone) before_alone();
              if (auto done = work(); !done) return done;
              return open_for_log();
            }};
  }
  history::Verified verified(bool repair = false) {
    auto made = verify(*index, source(), repair, go_on);
    EXPECT_TRUE(made) << made.error().message;
    return made.value_or(history::Verified{});
  }
  /// Changes what is stored behind the index's back.
  void change(const std::function<void(rocksdb::DB&)>& how) {
    index.reset();
    {
      const auto db = index::open_database(path);
      ASSERT_TRUE(db);
      how(**db);
    }
    ASSERT_TRUE(open_for_log());
  }
  std::vector<CallRow> calls() {
    return index->calls({.tenant = tenant("acme"), .limit = 200})->calls;
  }
  /// Makes one call's status wrong, an event missing and a list entry too many.
  void drift_apart() {
    const auto row = calls().front();
    change([&](rocksdb::DB& db) {
      auto wrong = row;
      wrong.status = Status::missed;
      index::Encoder encoder;
      const auto bytes = encoder.encode(wrong);
      const rocksdb::Slice value(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      ASSERT_TRUE(db.Put({}, index::call_key(row.id), value).ok());
      ASSERT_TRUE(db.Delete({}, index::event_key(row.id, row.started_position)).ok());
      const auto list = index::list_of(row.tenant, call::user("eve"));
      ASSERT_TRUE(db.Put({}, index::list_key(list, {row.started_at, row.id}), {}).ok());
    });
  }

  support::MemoryLog log;
  call::World world;
  std::size_t added = 0;
  history::CallHistory following;
  std::function<void()> before_alone;
  const history::OnProgress go_on = [](const Progress&) { return true; };
};

TEST_F(CallIndexMaintenance, MadeAnewIsNoLessFar) {
  talk(20);
  follow();
  // More has come by the time that it is put in the place of the other.
  before_alone = [this] {
    talk(1);
    follow();
  };
  const auto rebuilt = rebuild(*index, source(), go_on);
  ASSERT_TRUE(rebuilt) << rebuilt.error().message;
  EXPECT_TRUE(rebuilt->finished);
  EXPECT_EQ(rebuilt->position, log.head());
  EXPECT_EQ(index->position(), log.head());
  EXPECT_THAT(calls(), SizeIs(21));
  EXPECT_THAT(told, ::testing::IsEmpty()) << "and was not dropped when it was opened";
  EXPECT_FALSE(std::filesystem::exists(directory / "index.anew"));
}

TEST_F(CallIndexMaintenance, MadeAnewIsWhatTheLogSays) {
  talk(5);
  follow();
  drift_apart();
  ASSERT_TRUE(rebuild(*index, source(), go_on));
  EXPECT_THAT(verified().drift, SizeIs(0));
  talk(1);  // and it goes on from there
  follow();
  EXPECT_THAT(calls(), SizeIs(6));
  EXPECT_THAT(verified().drift, SizeIs(0));
}

TEST_F(CallIndexMaintenance, StoppedItGoesOnWhereItWas) {
  talk(3'000);
  follow();
  const auto before = calls();
  const auto stopped = rebuild(*index, source(), [](const Progress&) { return false; });
  ASSERT_TRUE(stopped);
  EXPECT_FALSE(stopped->finished);
  EXPECT_GT(stopped->position, 0U);
  EXPECT_LT(stopped->position, log.head());
  EXPECT_EQ(calls(), before) << "what readers see is as it was";

  std::vector<call::Position> seen;
  const auto rebuilt = rebuild(*index, source(), [&](const Progress& progress) {
    seen.push_back(progress.done);
    return true;
  });
  ASSERT_TRUE(rebuilt);
  EXPECT_TRUE(rebuilt->finished);
  EXPECT_GT(seen.front(), stopped->position);
  EXPECT_THAT(verified().drift, SizeIs(0));
}

TEST_F(CallIndexMaintenance, WhatIsRightIsFoundRight) {
  talk(10);
  follow();
  world.send("ann", call::start({"cyd"}));  // one that is live
  talk(0);
  follow();
  talk(3);  // the index is behind
  const auto found = verified();
  EXPECT_TRUE(found.finished);
  EXPECT_EQ(found.calls, 11U);
  EXPECT_EQ(found.position, index->position());
  EXPECT_LT(found.position, log.head());
  EXPECT_THAT(found.drift, SizeIs(0));
  EXPECT_FALSE(std::filesystem::exists(directory / "index.compared"));
  EXPECT_FALSE(std::filesystem::exists(directory / "index.anew"));
}

TEST_F(CallIndexMaintenance, DriftIsNamedAndMended) {
  talk(5);
  follow();
  const auto row = calls().front();
  drift_apart();
  const auto found = verified();
  ASSERT_THAT(found.drift, SizeIs(3));
  EXPECT_EQ(found.drift[0].table, "calls");
  EXPECT_EQ(found.drift[0].call, row.id);
  EXPECT_EQ(found.drift[0].column, "status");
  EXPECT_EQ(found.drift[0].expected, "ENDED");
  EXPECT_EQ(found.drift[0].found, "MISSED");
  EXPECT_EQ(found.drift[1].kind, Drift::Kind::missing);
  EXPECT_EQ(found.drift[1].table, "events");
  EXPECT_EQ(found.drift[1].position, row.started_position);
  EXPECT_EQ(found.drift[2].kind, Drift::Kind::extra);
  EXPECT_EQ(found.drift[2].call, row.id);
  EXPECT_EQ(found.repaired, 0U);
  EXPECT_EQ(calls().front().status, Status::missed) << "it was only looked at";

  // It goes on while it is mended.
  before_alone = [this] {
    talk(1);
    follow();
  };
  EXPECT_EQ(verified(true).repaired, 3U);
  before_alone = nullptr;
  EXPECT_THAT(verified().drift, SizeIs(0));
  EXPECT_THAT(calls(), SizeIs(6));
}

TEST_F(CallIndexMaintenance, WhatWasSkippedStaysLeftOut) {
  talk(2);
  follow();
  const auto at = log.head() + 1;
  talk(1);
  ASSERT_TRUE(index->skip(at, "a test", some_day));
  follow();
  ASSERT_TRUE(rebuild(*index, source(), go_on));
  EXPECT_EQ(index->skipped(), (std::vector{history::Skipped{at, "a test", some_day}}));
  EXPECT_THAT(calls(), SizeIs(2)) << "without its start a call is none";
  EXPECT_THAT(verified().drift, SizeIs(0));
}

TEST_F(CallIndexMaintenance, OfALogThatBeginsLaterIsMadeOfWhatThatHasKept) {
  talk(5);
  follow();
  log.set_first(4);  // this one has kept everything
  ASSERT_TRUE(rebuild(*index, source(), go_on));
  EXPECT_THAT(calls(), SizeIs(5));
}

TEST_F(CallIndexMaintenance, ALogThatHasComeToBeginLaterIsAnotherOne) {
  EXPECT_EQ(index_log_id("a-log", 1), "a-log");
  talk(2);
  follow();
  const auto standing = index->open(index_log_id("a-log", 3), log.head());
  ASSERT_TRUE(standing);
  EXPECT_EQ(standing->position, 0U);
  EXPECT_THAT(calls(), SizeIs(0));
}

TEST_F(CallIndexMaintenance, IsLookedAtWithoutBeingOpened) {
  EXPECT_EQ(inspect_index(directory / "nothing")->log_id, "");
  talk(2);
  follow();
  const auto at = log.head();
  index.reset();
  const auto standing = inspect_index(path);
  ASSERT_TRUE(standing) << standing.error().message;
  EXPECT_EQ(standing->log_id, "a-log");
  EXPECT_EQ(standing->position, at);
}

}  // namespace
}  // namespace callstate::storage::testing
