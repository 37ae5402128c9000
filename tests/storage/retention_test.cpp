#include "core/engine/retention.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <set>

#include "storage/backup.hpp"
#include "storage/chain_checker.hpp"
#include "storage/detail/beginning.hpp"
#include "storage/detail/head_file.hpp"
#include "storage/detail/opening.hpp"
#include "storage/repair.hpp"
#include "storage/served.hpp"
#include "storage/stores.hpp"

// A log from which older calls were dropped, on the real RocksDB: what is left, that it
// goes on, and what a kill leaves at any moment.

namespace callstate::storage::testing {
namespace {

namespace fs = std::filesystem;
using call::Position;
using std::chrono::hours;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class RetentionOnDisk : public ::testing::Test {
 protected:
  /// Two calls that are over, one that goes on, and later one more: the cut lies before
  /// the last one.
  void SetUp() override {
    Served server(path_, clock_);
    server.whole_call("one");
    server.whole_call("two");
    server.start_call("live");
    live_from_ = server.head();
    while (record(server.store().reader(), live_from_).stream.name.view() != "live" ||
           type_of(record(server.store().reader(), live_from_).payload) != "CALL_STARTED")
      --live_from_;
    cut_ = server.head();
    clock_.advance(std::chrono::seconds(1));  // it still rings
    then_ = clock_.now();
    server.say("bob", "live", call::Accept{});
    server.whole_call("two");
    server.stop();
    head_ = open(path_)->reader().head();
  }

  static call::Record record(const engine::LogReader& log, Position position) {
    call::Record found;
    EXPECT_TRUE(log.read(position, position, [&](const call::Record& each, const auto&) {
      found = each;
      return false;
    }));
    return found;
  }
  [[nodiscard]] engine::Retention plan(const Store& store) const {
    auto made = engine::plan_retention(store.reader(),
                                       {.older_than = then_, .is_kept = engine::is_kept_always});
    EXPECT_TRUE(made) << made.error().message;
    return made.value_or(engine::Retention{});
  }
  void retain(const fs::path& path) const {
    const auto store = open(path);
    auto done = store->begin_later(plan(*store).beginning);
    ASSERT_TRUE(done) << done.error().message;
  }
  /// Positions that a reader gives, from the beginning.
  static std::vector<Position> positions(const engine::LogReader& log) {
    std::string failure;
    auto found = positions_in(log, &failure);
    EXPECT_EQ(failure, "");
    return found;
  }
  [[nodiscard]] std::vector<Position> expected() const {
    std::vector<Position> left;
    for (auto position = live_from_; position <= head_; ++position) left.push_back(position);
    return left;
  }
  /// Of the keys in the files, however they are read.
  static std::size_t keys_in(const fs::path& path) {
    auto database = open_checked(path, Access::read_only, false, std::make_shared<FailStop>(),
                                 rocksdb::Env::Default());
    EXPECT_TRUE(database);
    const std::unique_ptr<rocksdb::Iterator> at((*database)->db->NewIterator({}, (*database)->log));
    std::size_t keys = 0;
    for (at->SeekToFirst(); at->Valid(); at->Next()) ++keys;
    return keys;
  }

  TemporaryDirectory directory_;
  fs::path path_ = directory_ / "log";
  support::ManualClock clock_;
  Position live_from_ = 0;
  Position cut_ = 0;
  Position head_ = 0;
  call::Time then_{};
};

TEST_F(RetentionOnDisk, TheLogBeginsLaterAndKeepsWhatCrossesTheBeginning) {
  retain(path_);
  const auto store = open(path_);
  EXPECT_EQ(store->reader().first(), cut_ + 1);
  EXPECT_EQ(store->reader().head(), head_);
  EXPECT_EQ(positions(store->reader()), expected());
  const auto stored = store->reader().beginning();
  ASSERT_NE(stored, nullptr);
  EXPECT_EQ(stored->kept.front(), live_from_);
}

TEST_F(RetentionOnDisk, WhatWasDroppedIsGoneFromTheFiles) {
  const auto before = keys_in(path_);
  EXPECT_EQ(before, head_);
  retain(path_);
  EXPECT_EQ(keys_in(path_), expected().size());
}

TEST_F(RetentionOnDisk, AServerGoesOnFromThere) {
  call::Room live;
  call::Room two;
  {
    const auto copy = directory_ / "whole";
    fs::copy(path_, copy, fs::copy_options::recursive);
    Served whole(copy, clock_);
    live = whole.room("live");
    two = whole.room("two");
  }
  retain(path_);
  Served server(path_, clock_);
  EXPECT_EQ(server.recovery.checkpoint, cut_);
  EXPECT_EQ(server.room("live"), live) << "the states are those of the whole log";
  EXPECT_EQ(server.room("two"), two);
  EXPECT_EQ(server.room("one"), call::Room{}) << "it has never been";
  server.whole_call("one");
  server.say("ann", "live", call::End{});
  EXPECT_EQ(server.room("live").state, call::CallState::ended);
  server.stop();

  ChainChecker chains(ChainChecker::Since::middle);
  const auto store = open(path_);
  const auto read = store->reader().read(
      1, store->reader().head(), [&](const call::Record& each, const engine::RecordHash& hash) {
        const auto sound = chains.check(each, hash);
        EXPECT_TRUE(sound) << sound.error().message;
        return true;
      });
  EXPECT_TRUE(read);
}

TEST_F(RetentionOnDisk, AKillAtAnyMomentLeavesTheOldLogOrTheNewOne) {
  std::vector<std::string> steps;
  {
    const auto store = open(path_);
    const auto done = store->begin_later(plan(*store).beginning, [&](std::string_view step) {
      steps.emplace_back(step);
      copy_files(path_, directory_ / std::string(step));
    });
    ASSERT_TRUE(done) << done.error().message;
  }
  EXPECT_THAT(steps, ElementsAre("mark", "beginning", "snapshots", "records", "end"));
  for (const auto& step : steps) {
    const auto path = directory_ / step;
    const bool is_old = step == "mark" || step == "beginning";
    {
      // To a tool, which mends nothing.
      auto log = StoredLog::open(path);
      ASSERT_TRUE(log) << step << ": " << log.error().message;
      EXPECT_EQ(positions((*log)->reader()).size(), is_old ? head_ : expected().size()) << step;
    }
    retain(path);  // once more
    EXPECT_EQ(positions(open(path)->reader()), expected()) << step;
    EXPECT_EQ(keys_in(path), expected().size()) << step;
    Served server(path, clock_);
    EXPECT_EQ(server.room("live").state, call::CallState::connected) << step;
    server.stop();
  }
}

TEST_F(RetentionOnDisk, WhatAKillLeftTheNextOpeningDrops) {
  {
    const auto store = open(path_);
    const auto done = store->begin_later(plan(*store).beginning, [&](std::string_view step) {
      if (step == "records") copy_files(path_, directory_ / "killed");
    });
    ASSERT_TRUE(done);
  }
  EXPECT_EQ(keys_in(directory_ / "killed"), head_);
  open(directory_ / "killed");
  EXPECT_EQ(keys_in(directory_ / "killed"), expected().size());
}

TEST_F(RetentionOnDisk, ItMayBeDoneAgainAndWhatIsOverByThenGoes) {
  retain(path_);
  {
    Served server(path_, clock_);
    server.say("ann", "live", call::End{});
    clock_.advance(hours(1));
    then_ = clock_.now();
    server.whole_call("later");
    server.stop();
  }
  const auto store = open(path_);
  const auto made = plan(*store);
  EXPECT_EQ(made.calls, 2) << "live and the second of two";
  ASSERT_TRUE(store->begin_later(made.beginning));
  EXPECT_TRUE(store->reader().beginning()->kept.empty());
  EXPECT_EQ(positions(store->reader()).front(), made.beginning.first);
}

TEST_F(RetentionOnDisk, APositionThatIsToBeThereIsMissed) {
  {
    const auto store = open(path_);
    auto beginning = plan(*store).beginning;
    beginning.kept.insert(beginning.kept.begin(), 1);  // says that it is kept
    ASSERT_TRUE(store->begin_later(beginning));
    beginning.kept.insert(beginning.kept.begin() + 1, 2);  // which has gone
    ASSERT_TRUE(store->begin_later(beginning));
  }
  EXPECT_THAT(refusal_of(path_), HasSubstr("position 2 is missing"));
}

TEST_F(RetentionOnDisk, IsSoundAndSoIsItsBackup) {
  retain(path_);
  const auto backup = directory_ / "backup";
  const BackupProgress unseen = [](std::uint64_t, std::uint64_t) {};
  const auto made = make_backup(path_, backup, false, unseen);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->first, cut_ + 1);
  const auto copy = directory_ / "restored";
  const auto restored = restore_backup(backup, copy, unseen);
  ASSERT_TRUE(restored) << restored.error().message;
  EXPECT_EQ(positions(open(copy)->reader()), expected());
  EXPECT_EQ(Served(copy, clock_).room("live").state, call::CallState::connected);
}

/// A log that begins later and was damaged, and what a repair makes of it.
struct RepairOfARetainedLog : RetentionOnDisk {
  void SetUp() override {
    RetentionOnDisk::SetUp();
    retain(path_);
    Served server(path_, clock_);
    server.whole_call("three");
    head_ = server.head();
    copy_files(path_, damaged_);  // with a write-ahead log that holds these
    fs::remove(head_file(damaged_));
  }
  [[nodiscard]] std::expected<Repaired, engine::Failure> repaired() const {
    return repair(damaged_, copy_, [](Position, Position) {});
  }
  fs::path damaged_ = directory_ / "damaged";
  fs::path copy_ = directory_ / "copy";
};

TEST_F(RepairOfARetainedLog, KeepsItsBeginning) {
  fs::remove(damaged_ / "CURRENT");
  const auto done = repaired();
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->first, cut_ + 1);
  EXPECT_EQ(done->kept, head_);
  EXPECT_EQ(done->kept_before, cut_ + 1 - live_from_);
  EXPECT_EQ(done->cut(), 0U);
  EXPECT_EQ(positions(open(copy_)->reader()), expected());
  EXPECT_EQ(open(copy_)->reader().beginning()->first, cut_ + 1);
  Served server(copy_, clock_);
  EXPECT_EQ(server.room("live").state, call::CallState::connected);
  server.say("ann", "live", call::End{});
  EXPECT_EQ(server.room("live").state, call::CallState::ended);
}

TEST_F(RepairOfARetainedLog, CutsItsEnd) {
  const auto file = file_in(damaged_, ".log");
  auto bytes = bytes_of(file);
  bytes[bytes.rfind("three")] ^= 1;
  write_bytes(file, bytes);
  const auto done = repaired();
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_GT(done->kept, cut_);
  EXPECT_LT(done->kept, head_);
  EXPECT_EQ(open(copy_)->reader().head(), done->kept);
  EXPECT_EQ(Served(copy_, clock_).room("live").state, call::CallState::connected);
}

TEST_F(RepairOfARetainedLog, SaysSoWhereItsBeginningIsLost) {
  for (const auto& file : fs::directory_iterator(damaged_)) {
    if (file.path().extension() == ".sst") fs::remove(file);
  }
  const auto done = repaired();
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().message, HasSubstr("restore a backup"));
  EXPECT_FALSE(fs::exists(copy_));
}

TEST(BeginningBytes, AreReadBackAsTheyWere) {
  engine::Beginning beginning;
  beginning.first = 300;
  beginning.kept = {1, 2, 250};
  beginning.mark.position = 299;
  beginning.mark.key = {7, 8};
  call::Room room;
  room.seq = 3;
  room.position = 250;
  room.media_room = "m";
  const call::Stream stream{call::StreamKind::room, call::TenantId::clipped("acme"),
                            call::UserId::clipped("r")};
  beginning.mark.live.push_back(stream);
  beginning.add({stream, room});
  call::User someone;
  someone.online = true;
  beginning.add(
      {{call::StreamKind::user, call::TenantId::clipped("acme"), call::UserId::clipped("r")},
       someone});
  const auto bytes = encode_beginning(beginning);
  const auto read = decode_beginning(bytes);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->first, 300U);
  EXPECT_EQ(read->kept, beginning.kept);
  EXPECT_EQ(read->mark.live, beginning.mark.live);
  EXPECT_EQ(read->states.size(), 2U);
  EXPECT_EQ(std::get<call::Room>(read->find(stream)->state), room);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(decode_beginning(bytes.substr(0, size))) << size;
  auto altered = bytes;
  altered[4] = static_cast<char>(altered[4] ^ 1);
  EXPECT_FALSE(decode_beginning(altered));
}

}  // namespace
}  // namespace callstate::storage::testing
