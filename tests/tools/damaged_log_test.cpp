#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "sealed_log.hpp"
#include "tools/callstate/report/verification.hpp"
#include "tools/callstate/report/verification_page.hpp"

// A log on disk of which a part cannot be read: the rest is checked all the same.

namespace callstate::tools {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::SealedLog;
using ::testing::SizeIs;

class DamagedLog : public ::testing::Test {
 protected:
  DamagedLog() {
    // More than a block of a table takes.
    for (int i = 0; i < 500; ++i) log.noise();
    log.seal();
    log.start_call(70, "spoilt");
    for (int i = 0; i < 500; ++i) log.noise();
    log.seal();
    log.end_call(70, "spoilt");
    restart();
    log.start_call(200, "last");
    log.seal();
    log.close();
  }
  /// What there is goes into a table.
  void restart() {
    log.close();
    log.open();
  }

  /// Flips a bit of the first record of the room that is in a table.
  void damage(const std::string& room) {
    std::size_t flipped = 0;
    for (const auto& file : std::filesystem::directory_iterator(log.path())) {
      if (file.path().extension() != ".sst") continue;
      auto bytes = storage::testing::bytes_of(file.path());
      const auto at = bytes.find(room);
      if (at == bytes.npos) continue;
      bytes[at] ^= 1;
      storage::testing::write_bytes(file.path(), bytes);
      ++flipped;
    }
    ASSERT_EQ(flipped, 1U);
  }

  SealedLog log;
};

TEST_F(DamagedLog, IsCheckedButForThePositionsThatCannotBeRead) {
  damage("spoilt");
  const auto stored = storage::StoredLog::open(log.path());
  ASSERT_TRUE(stored) << stored.error().message;
  const auto& reader = (*stored)->reader();
  std::vector<call::Position> lost;
  for (call::Position at = 1; at <= reader.head(); ++at) {
    if (!reader.read_at(std::array{at}, [](const auto&, const auto&) { return true; }))
      lost.push_back(at);
  }
  ASSERT_GT(lost.size(), 1U);
  ASSERT_EQ(lost.back() - lost.front() + 1, lost.size());
  ASSERT_GT(lost.front(), 1U);
  ASSERT_LT(lost.back(), reader.head());

  const auto found = verify_log(reader, &(*stored)->snapshots(),
                                {.hash = storage::sha256, .log_id = (*stored)->log_id()});
  EXPECT_EQ(found.records, reader.head() - lost.size());
  EXPECT_GE(found.unconfirmed_seals, 1U);
  const auto page = render_verification(found, std::chrono::seconds(1), Paint(false));
  ASSERT_THAT(found.problems, SizeIs(1)) << page;
  const auto& problem = found.problems.front();
  EXPECT_EQ(problem.position, lost.front());
  EXPECT_EQ(problem.last, lost.back());
  EXPECT_THAT(problem.what, HasSubstr("room spoilt of tenant acme, call 46464646-4646"));
  EXPECT_THAT(page, HasSubstr("could not be checked: they cover what could not be read"));
  EXPECT_THAT(verification_json(found, std::chrono::seconds(1)),
              AllOf(HasSubstr(R"("lastPos":)" + std::to_string(lost.back())),
                    HasSubstr(R"({"tenant":"acme","room":"spoilt","callId":"46464646-)")));
}

}  // namespace
}  // namespace callstate::tools
