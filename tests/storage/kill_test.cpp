#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <random>

#include "storage/detail/head_file.hpp"
#include "storage/stores.hpp"

// What a kill leaves behind: the files as they are at that moment, the end of
// the write-ahead log torn anywhere behind what was acknowledged.

namespace callstate::storage::testing {
namespace {

TEST(Kill, AKilledProcessLosesNothingThatItAcknowledged) {
  const TemporaryDirectory directory;
  int acknowledged[2];
  ASSERT_EQ(::pipe(acknowledged), 0);
  const auto child = ::fork();
  if (child == 0) {
    const auto store = open(directory.path());
    for (;;) {
      append(*store, 10);
      const auto head = store->reader().head();
      if (::write(acknowledged[1], &head, sizeof head) != sizeof head) ::_exit(1);
    }
  }
  ::close(acknowledged[1]);
  call::Position last = 0;
  while (last < 500 && ::read(acknowledged[0], &last, sizeof last) == sizeof last) continue;
  ::kill(child, SIGKILL);
  for (call::Position more = 0; ::read(acknowledged[0], &more, sizeof more) == sizeof more;) {
    last = more;
  }
  ::waitpid(child, nullptr, 0);
  ::close(acknowledged[0]);

  const auto store = open(directory.path());
  EXPECT_GE(last, 500U);
  EXPECT_GE(store->reader().head(), last);
  EXPECT_EQ(positions_in(store->reader()).size(), store->reader().head());
}

TEST(Kill, ATornLastWriteCostsOnlyItself) {
  const TemporaryDirectory directory;
  const auto store = open(directory / "live");
  append(*store, 100);
  const auto acknowledged = std::filesystem::file_size(file_in(directory / "live", ".log"));
  append(*store, 10);
  const auto end = std::filesystem::file_size(file_in(directory / "live", ".log"));
  for (auto size = acknowledged; size < end; size += 97) {
    const auto torn = directory / ("torn-" + std::to_string(size));
    copy_files(directory / "live", torn);
    std::filesystem::resize_file(file_in(torn, ".log"), size);
    write_head(torn, 100);  // as if the last write had not been acknowledged
    const auto reopened = open(torn);
    EXPECT_EQ(reopened->reader().head(), 100U);
    EXPECT_EQ(positions_in(reopened->reader()).size(), 100U);
  }
}

TEST(Kill, ReopeningAfterAKillGoesOnWithoutAHole) {
  const TemporaryDirectory directory;
  auto now = directory / "0";
  for (int round = 0; round < 4; ++round) {
    const auto store = open(now);
    append(*store, 25);
    auto next = directory / std::to_string(round + 1);
    copy_files(now, next);
    now = next;
  }
  EXPECT_EQ(positions_in(open(now)->reader()).size(), 100U);
}

}  // namespace
}  // namespace callstate::storage::testing
