#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "storage/detail/positions.hpp"
#include "storage/golden_files.hpp"
#include "storage/golden_log.hpp"
#include "storage/raw_database.hpp"
#include "storage/record_codec.hpp"
#include "storage/record_text.hpp"
#include "storage/sample_records.hpp"
#include "storage/stores.hpp"

// The records of every released format, and a whole log of it, as they were
// written then.

namespace callstate::storage::testing {
namespace {

class Golden : public ::testing::TestWithParam<std::filesystem::path> {};

TEST_P(Golden, ReleasedRecordsReadAsTheyWereWritten) {
  const auto stored = lines_of(GetParam() / "records.hex");
  const auto expected = lines_of(GetParam() / "records.txt");
  ASSERT_EQ(stored.size(), expected.size());
  ASSERT_FALSE(stored.empty());
  RecordDecoder decoder;
  RecordEncoder encoder;
  std::set<std::size_t> types;
  for (std::size_t i = 0; i < stored.size(); ++i) {
    call::Record record;
    ASSERT_EQ(decoder.decode(bytes_of_hex(stored[i]), record), "") << expected[i];
    EXPECT_EQ(to_text(record), expected[i]);
    types.insert(record.payload.index());
    call::Record again;
    ASSERT_EQ(decoder.decode(encoder.encode(record), again), "");
    EXPECT_EQ(to_text(again), expected[i]);
  }
  EXPECT_EQ(types.size(), 15U) << "every event type that this release had";
}

// The chains hold, no position is missing, and the states are those of then.
TEST_P(Golden, AReleasedLogOpensAndReplaysToTheStatesOfThen) {
  const auto stored = lines_of(GetParam() / "log.hex");
  ASSERT_FALSE(stored.empty());
  const TemporaryDirectory directory;
  open(directory / "log");
  change_behind_its_back(directory / "log", [&](Database& database) {
    for (std::size_t i = 0; i < stored.size(); ++i) {
      const auto bytes = bytes_of_hex(stored[i]);
      const rocksdb::Slice value(reinterpret_cast<const char*>(bytes.data()), bytes.size());
      const PositionKey key(i + 1);
      const rocksdb::Slice at(key.view().data(), key.view().size());
      ASSERT_TRUE(database.db->Put({}, database.log, at, value).ok());
    }
  });
  const auto store = open(directory / "log");
  ASSERT_EQ(store->reader().head(), stored.size());
  EXPECT_EQ(replayed_states(store->reader()), lines_of(GetParam() / "states.txt"));
}

std::vector<std::filesystem::path> releases() {
  std::vector<std::filesystem::path> found;
  for (const auto& entry : std::filesystem::directory_iterator(GOLDEN_DIRECTORY)) {
    found.push_back(entry.path());
  }
  return found;
}

INSTANTIATE_TEST_SUITE_P(Releases, Golden, ::testing::ValuesIn(releases()),
                         [](const auto& release) {
                           auto name = release.param.filename().string();
                           for (auto& c : name) c = c == '.' ? '_' : c;
                           return name;
                         });

}  // namespace
}  // namespace callstate::storage::testing
