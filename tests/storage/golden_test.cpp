#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "storage/record_codec.hpp"
#include "storage/record_text.hpp"
#include "storage/sample_records.hpp"

// The records of every released format, as they were written then.

namespace callstate::storage::testing {
namespace {

std::vector<std::string> lines_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::vector<std::uint8_t> bytes_of_hex(const std::string& hex) {
  std::vector<std::uint8_t> bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes.push_back(static_cast<std::uint8_t>(std::stoi(hex.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

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
