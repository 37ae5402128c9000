// What is of no use is dropped, said, and built anew: nothing of it is ever served.

#include <gmock/gmock.h>
#include <rocksdb/db.h>

#include <fstream>

#include "storage/call_index_fixture.hpp"
#include "storage/detail/call_index_parts.hpp"
#include "storage/detail/index_keys.hpp"

namespace callstate::storage::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class CallIndexDamage : public CallIndexTest {
 protected:
  /// Some calls, in a table file, and stopped.
  void make() {
    ASSERT_TRUE(open());
    std::vector<CallRow> rows;
    for (std::uint64_t number = 1; number <= 500; ++number) rows.push_back(call_row(number));
    rows.back().status = Status::ringing;
    put(std::move(rows));
    index.reset();
  }
  void expect_begun_anew(const std::string& why, call::Position head = far,
                         const std::string& log = "a-log") {
    const auto standing = open(head, log);
    ASSERT_TRUE(standing) << standing.error().message;
    EXPECT_EQ(standing->position, 0U);
    EXPECT_THAT(standing->live, IsEmpty());
    EXPECT_THAT(found({.tenant = tenant("acme")}), IsEmpty());
    ASSERT_EQ(told.size(), 1U);
    EXPECT_THAT(told[0], HasSubstr("dropped and built anew from the log: " + why));
    put({call_row(1)});
    EXPECT_THAT(found({.tenant = tenant("acme")}), ElementsAre(1));
  }
  void change(const std::function<void(rocksdb::DB&)>& what) const {
    rocksdb::DB* db = nullptr;
    ASSERT_TRUE(rocksdb::DB::Open({}, path.string(), &db).ok());
    const std::unique_ptr<rocksdb::DB> owned(db);
    what(*db);
  }
  void flip_bytes(const std::filesystem::path& file, std::size_t from, std::size_t count) {
    auto bytes = bytes_of(file);
    ASSERT_GT(bytes.size(), from);
    for (std::size_t i = from; i < std::min(bytes.size(), from + count); ++i)
      bytes[i] = static_cast<char>(bytes[i] ^ 0x55);
    write_bytes(file, bytes);
  }
};

TEST_F(CallIndexDamage, AnotherLogs) {
  make();
  expect_begun_anew("it is of another log, a-log", far, "another-log");
}

TEST_F(CallIndexDamage, AheadOfTheLog) {
  make();
  expect_begun_anew("it has come to position 500, and the log ends at 499", 499);
}

TEST_F(CallIndexDamage, AsFarAsTheLogIsNotAhead) {
  make();
  EXPECT_EQ(open(500)->position, 500U);
  EXPECT_THAT(told, IsEmpty());
}

TEST_F(CallIndexDamage, OfAnotherVersion) {
  make();
  index::Encoder encoder;
  change([&](rocksdb::DB& db) {
    const index::Checkpoint other{call::Hash{1}, "a-log", 500};
    ASSERT_TRUE(db.Put({}, index::checkpoint_key, index::slice_of(encoder.encode(other))).ok());
  });
  expect_begun_anew("another version of the program has made it");
}

TEST_F(CallIndexDamage, WithoutACheckpoint) {
  make();
  change([](rocksdb::DB& db) { ASSERT_TRUE(db.Delete({}, index::checkpoint_key).ok()); });
  expect_begun_anew("it does not say how far it has come");
}

TEST_F(CallIndexDamage, ACheckpointThatIsNone) {
  make();
  change([](rocksdb::DB& db) { ASSERT_TRUE(db.Put({}, index::checkpoint_key, "x").ok()); });
  expect_begun_anew("what says how far it has come cannot be read");
}

TEST_F(CallIndexDamage, ALiveCallWithoutARow) {
  make();
  change([](rocksdb::DB& db) { ASSERT_TRUE(db.Delete({}, index::call_key(call_id(500))).ok()); });
  expect_begun_anew("a live call has no row");
}

TEST_F(CallIndexDamage, ATableThatIsDamaged) {
  make();
  const auto table = file_in(path, ".sst");
  flip_bytes(table, std::filesystem::file_size(table) - 60, 60);  // where it says what is where
  expect_begun_anew("Corruption");
}

TEST_F(CallIndexDamage, ATableThatIsGone) {
  make();
  std::filesystem::remove(file_in(path, ".sst"));
  expect_begun_anew("");
}

TEST_F(CallIndexDamage, AManifestThatIsDamaged) {
  make();
  for (const auto& file : std::filesystem::directory_iterator(path)) {
    if (file.path().filename().string().starts_with("MANIFEST")) flip_bytes(file.path(), 0, 200);
  }
  expect_begun_anew("");
}

TEST_F(CallIndexDamage, FoundByAReader) {
  make();
  change(
      [](rocksdb::DB& db) { ASSERT_TRUE(db.Put({}, index::call_key(call_id(7)), "no row").ok()); });
  ASSERT_TRUE(open());
  EXPECT_TRUE(index->call(tenant("acme"), call_id(8)));
  const auto page = index->calls({.tenant = tenant("acme"), .limit = 1'000});
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().kind, Trouble::Kind::passing);
  EXPECT_FALSE(index->call(tenant("acme"), call_id(7)));
  // The next that is applied is refused, so that it is opened again.
  const auto refused =
      index->apply({.calls = {call_row(501)}, .events = {}, .position = 501, .at = {}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Trouble::Kind::passing);
  const auto standing = index->open("a-log", far);
  ASSERT_TRUE(standing);
  EXPECT_EQ(standing->position, 0U);
  EXPECT_THAT(told, ElementsAre(HasSubstr("it is damaged")));
}

TEST_F(CallIndexDamage, ADirectoryThatCannotBeMadeIsTroubleAndNoDamage) {
  std::ofstream(path) << "a file";
  const auto refused = open();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, Trouble::Kind::passing);
  EXPECT_THAT(refused.error().message, HasSubstr(path.string()));
  EXPECT_THAT(told, IsEmpty());
  std::filesystem::remove(path);
  EXPECT_TRUE(index->open("a-log", far)) << "once it is mended";
}

TEST_F(CallIndexDamage, ALinkToAnotherDiskStaysOne) {
  make();
  const auto elsewhere = directory / "elsewhere";
  std::filesystem::rename(path, elsewhere);
  std::filesystem::create_directory_symlink(elsewhere, path);
  expect_begun_anew("it is of another log", far, "another-log");
  EXPECT_TRUE(std::filesystem::is_symlink(path));
}

}  // namespace
}  // namespace callstate::storage::testing
