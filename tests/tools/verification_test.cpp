#include "tools/callstate/report/verification.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/call/evolve.hpp"
#include "memory_log.hpp"
#include "storage/sha256.hpp"
#include "tools/callstate/report/verification_page.hpp"

namespace callstate::tools {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::MemoryLog;
using ::testing::SizeIs;
using testing::user;

constexpr auto a_log = "11111111-2222-4333-8444-555555555555";

/// One room's snapshot and a mark.
class OneSnapshot final : public engine::SnapshotStore {
 public:
  Mark last_mark() override { return marked; }
  std::optional<call::Room> find_room(const call::Stream&) override { return room; }
  std::optional<call::User> find_user(const call::Stream&) override { return std::nullopt; }
  void put(const call::Stream&, const call::Room&) override {}
  void put(const call::Stream&, const call::User&) override {}
  void put(std::shared_ptr<const engine::MailSegment>) override {}
  std::vector<call::Position> find_mail(const engine::Fingerprint&, call::Position,
                                        std::size_t) override {
    return {};
  }
  void mark(Mark) override {}

  Mark marked;
  std::optional<call::Room> room;
};

call::Room folded(const MemoryLog& log, call::Position up_to) {
  call::Room room;
  for (const auto& record : log.records) {
    if (record.position > up_to) break;
    if (record.stream.kind == call::StreamKind::server && !room.live()) continue;
    call::evolve(room, record);
    if (record.stream.kind == call::StreamKind::room) {
      room.chain = MemoryLog::hash_of(record.position);
    }
  }
  return room;
}

TEST(Verification, FindsNothingInASoundLog) {
  MemoryLog log;
  log.server_started();
  log.online("bob");
  log.talk();
  log.ignored("bob", call::Ended{});
  const auto found = verify_log(log, nullptr);
  EXPECT_TRUE(found.good());
  EXPECT_EQ(found.records, 7U);
  EXPECT_EQ(found.streams, 3U);
  EXPECT_EQ(render_verification(found, 2s, Paint(false)),
            "Positions 1 to 7 are sound: 7 records in 3 streams, 0 snapshots compared, in 2 s.\n"
            "Nothing in it is sealed.\n");
}

TEST(Verification, OfALogThatCannotBeOpenedNamesNoPositions) {
  Verification found;
  found.problems.push_back({0, {}, "the log is damaged"});
  const auto page = render_verification(found, 2s, Paint(false));
  EXPECT_THAT(page, HasSubstr("1 problem, and nothing can be read:\n"));
  EXPECT_THAT(page, HasSubstr("the log is damaged"));
  EXPECT_THAT(page, Not(HasSubstr("1 to 0")));
}

TEST(Verification, FindsAnAlteredRecordByTheOneAfterIt) {
  MemoryLog log;
  log.talk();
  log.records[2].previous[5] ^= 1U;
  const auto found = verify_log(log, nullptr);
  ASSERT_THAT(found.problems, SizeIs(1));
  EXPECT_EQ(found.problems[0].position, 3U);
  EXPECT_EQ(found.problems[0].where, "room demo of tenant acme");
  EXPECT_THAT(found.problems[0].what, HasSubstr("the hash chain breaks"));
}

TEST(Verification, FindsAStreamWhoseBeginningIsGone) {
  MemoryLog log;
  log.starts("alice", {user("bob")});
  log.records[0].previous = MemoryLog::hash_of(77);
  const auto found = verify_log(log, nullptr);
  ASSERT_THAT(found.problems, SizeIs(1));
  EXPECT_THAT(found.problems[0].what, HasSubstr("and there is none"));
}

TEST(Verification, FindsHolesInANumberingAndTimesThatGoBack) {
  MemoryLog log;
  log.talk();
  log.records[1].seq = 7;
  log.records[3].at = testing::start_of_log;
  const auto found = verify_log(log, nullptr);
  ASSERT_THAT(found.problems, SizeIs(3));
  EXPECT_EQ(found.problems[0].what, "its seq is 7, where 2 follows");
  EXPECT_EQ(found.problems[1].position, 3U);  // where 8 would follow
  EXPECT_THAT(found.problems[2].what, HasSubstr("its time is before"));
}

TEST(Verification, GoesOnBehindARecordThatCannotBeRead) {
  MemoryLog log;
  log.talk();
  log.room = "other";
  log.talk();
  log.broken[2] = "position 2 is damaged";
  log.broken[3] = "position 3 is damaged";
  const auto found = verify_log(log, nullptr);
  EXPECT_EQ(found.records, 6U);
  // What follows from it is none of its own: chain and seq of the record behind it.
  ASSERT_THAT(found.problems, SizeIs(1));
  EXPECT_EQ(found.problems[0].position, 2U);
  EXPECT_EQ(found.problems[0].last, 3U);
  EXPECT_EQ(found.problems[0].what,
            "position 2 is damaged. By the chains, records of these are among what is lost: room "
            "demo of tenant acme, call 00000000-0000-0000-0000-000000000001");
  EXPECT_THAT(render_verification(found, 2s, Paint(false)), HasSubstr("2 to 3  the log"));
}

TEST(Verification, OfWhatCannotBeReadNamesOnlyStreamsThatMissIt) {
  MemoryLog log;
  log.talk();
  log.room = "other";
  log.talk();
  log.room = "demo";
  log.starts("alice", {user("bob")});
  log.broken[6] = "position 6 is damaged";
  log.records[8].seq = 3;  // of the stream that misses nothing
  const auto found = verify_log(log, nullptr);
  ASSERT_THAT(found.problems, SizeIs(2));
  EXPECT_THAT(found.problems[0].what, HasSubstr("lost: room other of tenant acme, call 0"));
  EXPECT_THAT(found.problems[0].concerns, SizeIs(1));
  EXPECT_EQ(found.problems[1].what, "its seq is 3, where 5 follows");
}

TEST(Verification, ASealThatFollowsALostOneIsNotMisplaced) {
  MemoryLog log;
  const auto seal = [&](call::Position first, call::Position before) {
    const auto previous = before == 0 ? call::Hash{} : MemoryLog::hash_of(before);
    seal::Tree tree(storage::sha256);
    tree.start(first);
    const auto last = log.head();
    for (auto at = first; at <= last; ++at) tree.add(MemoryLog::hash_of(at));
    log.add({call::StreamKind::server, {}, {}}, {},
            call::Sealed{.first = first,
                         .last = last,
                         .root = tree.root(),
                         .previous_seal = before,
                         .previous = previous,
                         .log_id = a_log});
  };
  log.talk();
  seal(1, 0);
  log.talk();
  seal(5, 5);
  log.talk();
  seal(10, 10);
  const SealCheck check{.hash = storage::sha256, .log_id = a_log};
  ASSERT_TRUE(verify_log(log, nullptr, check).good());
  log.broken[10] = "position 10 is damaged";
  const auto found = verify_log(log, nullptr, check);
  ASSERT_THAT(found.problems, SizeIs(1));
  EXPECT_THAT(found.problems[0].what, HasSubstr("the server's stream"));
  EXPECT_EQ(found.unconfirmed_seals, 1U);
}

TEST(Verification, ASnapshotBehindWhatIsLostIsNotHeldAgainstIt) {
  MemoryLog log;
  log.talk();
  OneSnapshot snapshots;
  snapshots.room = folded(log, 4);
  log.broken[3] = "position 3 is damaged";
  EXPECT_THAT(verify_log(log, &snapshots).problems, SizeIs(1));
  log.broken.clear();
  log.broken[4] = "position 4 is damaged";
  const auto found = verify_log(log, &snapshots);
  ASSERT_THAT(found.problems, SizeIs(1));
  // By the snapshot alone: nothing of the room comes after it.
  EXPECT_THAT(found.problems[0].what, HasSubstr("lost: room demo of tenant acme, call 0"));
}

TEST(Verification, NamesTheCallOfAProblemAndEachPartInAFieldOfItsOwn) {
  MemoryLog log;
  log.talk();
  log.records[2].previous[5] ^= 1U;
  const auto found = verify_log(log, nullptr);
  EXPECT_THAT(render_verification(found, 1s, Paint(false)),
              HasSubstr("room demo of tenant acme, call 00000000-0000-0000-0000-000000000001"));
  EXPECT_THAT(verification_json(found, 1s),
              HasSubstr(R"("tenant":"acme","room":"demo",)"
                        R"("callId":"00000000-0000-0000-0000-000000000001","what":)"));
}

TEST(Verification, ASnapshotEqualsTheFoldUpToItsPosition) {
  MemoryLog log;
  log.talk();
  log.starts("alice", {user("bob")});
  for (call::Position position = 1; position <= log.head(); ++position) {
    OneSnapshot snapshots;
    snapshots.room = folded(log, position);
    const auto found = verify_log(log, &snapshots);
    EXPECT_EQ(found.snapshots, 1U);
    EXPECT_THAT(found.problems, IsEmpty()) << position;

    snapshots.room->participants.front().state = call::ParticipantState::rejected;
    const auto wrong = verify_log(log, &snapshots);
    ASSERT_THAT(wrong.problems, SizeIs(1)) << position;
    EXPECT_EQ(wrong.problems[0].position, position);
    EXPECT_THAT(wrong.problems[0].what, HasSubstr("its snapshot differs"));
  }
}

TEST(Verification, ASnapshotAfterARestartHoldsIt) {
  MemoryLog log;
  log.starts("alice", {user("bob")});
  log.server_started();
  OneSnapshot snapshots;
  snapshots.room = folded(log, 2);
  ASSERT_EQ(snapshots.room->position, 2U);
  EXPECT_TRUE(verify_log(log, &snapshots).good());
  snapshots.room = folded(log, 1);
  snapshots.room->position = 2;
  EXPECT_FALSE(verify_log(log, &snapshots).good());
}

TEST(Verification, ARestartMayHaveMovedAnEndedRoomsSnapshot) {
  MemoryLog log;
  log.talk();
  log.server_started();
  OneSnapshot snapshots;
  snapshots.room = folded(log, 4);
  snapshots.room->position = 5;
  EXPECT_TRUE(verify_log(log, &snapshots).good());
}

TEST(Verification, ACheckpointBeyondTheEndMeansThatRecordsWereLost) {
  MemoryLog log;
  log.talk();
  OneSnapshot snapshots;
  snapshots.marked.position = 9;
  snapshots.room = folded(log, 4);
  snapshots.room->position = 9;
  const auto found = verify_log(log, &snapshots);
  ASSERT_THAT(found.problems, SizeIs(2));
  EXPECT_THAT(found.problems[0].what, HasSubstr("beyond the log's last position 4"));
  EXPECT_THAT(found.problems[1].what, HasSubstr("positions 5 to 9 are missing"));
  EXPECT_THAT(verification_json(found, 1s), HasSubstr(R"({"ok":false,"head":4,)"));
  EXPECT_THAT(render_verification(found, 1s, Paint(false)),
              HasSubstr("2 problems in positions 1 to 4"));
}

}  // namespace
}  // namespace callstate::tools
