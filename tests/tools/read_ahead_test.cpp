#include "tools/callstate/report/read_ahead.hpp"

#include <gtest/gtest.h>

#include "memory_log.hpp"

namespace callstate::tools {
namespace {

using testing::MemoryLog;

class Ahead : public ::testing::Test {
 protected:
  Ahead() {
    for (int i = 0; i < 1'000; ++i) log.server_started();
  }

  MemoryLog log;
  const ReadAhead ahead{log};
};

TEST_F(Ahead, GivesTheSameRecordsAndHashesInOrder) {
  call::Position next = 3;
  const auto read =
      ahead.read(3, 900, [&](const call::Record& record, const engine::RecordHash& hash) {
        EXPECT_EQ(record.position, next);
        EXPECT_EQ(call::Hash(hash), MemoryLog::hash_of(next));
        ++next;
        return true;
      });
  EXPECT_TRUE(read);
  EXPECT_EQ(next, 901U);
}

TEST_F(Ahead, EndsWhereNoMoreIsWanted) {
  for (const int wanted : {1, 255, 256, 257, 600}) {
    int came = 0;
    const auto read = ahead.read(
        1, 1'000, [&](const call::Record&, const engine::RecordHash&) { return ++came < wanted; });
    EXPECT_TRUE(read);
    EXPECT_EQ(came, wanted);
  }
}

TEST_F(Ahead, AFailureComesBehindAllThatCameBeforeIt) {
  log.broken[700] = "position 700 is damaged";
  int came = 0;
  const auto read = ahead.read(
      1, 1'000, [&](const call::Record&, const engine::RecordHash&) { return ++came > 0; });
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().message, "position 700 is damaged");
  EXPECT_EQ(came, 699);
}

TEST_F(Ahead, OfNothingIsNothing) {
  EXPECT_TRUE(ahead.read(1'001, 2'000,
                         [](const call::Record&, const engine::RecordHash&) { return false; }));
}

}  // namespace
}  // namespace callstate::tools
