#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "memory_log.hpp"
#include "projections/follower.hpp"
#include "projections/history_projection.hpp"
#include "storage/call_index.hpp"
#include "storage/store.hpp"
#include "support/stand_ins.hpp"

// The binary itself, on a log that storage wrote.

namespace callstate::tools::testing {

namespace fs = std::filesystem;

struct Execution {
  int exit = -1;
  std::string output;  // both streams
};

class CommandLine : public ::testing::Test {
 protected:
  CommandLine() {
    std::string pattern = (fs::temp_directory_path() / "callstate-tools-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~CommandLine() override { fs::remove_all(folder_); }

  [[nodiscard]] std::string log_dir() const { return (folder_ / "log").string(); }

  std::unique_ptr<storage::Store> open() const {
    storage::OpenOptions options;
    options.path = log_dir();
    options.reserve_bytes = 0;
    return std::move(storage::Store::open(options).value());
  }

  /// The records, chained anew by what storage makes of their bytes.
  void write(MemoryLog log) const {
    const auto store = open();
    auto batch = store->log().begin();
    std::map<std::string, call::Hash> chains;
    for (auto& record : log.records) {
      auto& chain = chains[std::string(record.stream.name.view())];
      record.previous = chain;
      chain = batch->add(record);
    }
    ASSERT_TRUE(store->log().commit(std::move(batch)));
  }

  /// The index of calls, as a server leaves it beside its log.
  void write_index() const {
    const auto store = open();
    storage::CallIndex index({.path = fs::path(log_dir()) / "index"});
    projections::HistoryProjection projection("index", index);
    const support::ManualClock clock;
    const auto of = storage::index_log_id(store->log_id(), store->reader().first());
    projections::Follower follower(projection, store->reader(), of,
                                   {clock, [] { return std::uint64_t{0}; }, {}});
    const auto head = store->reader().head();
    for (int steps = 0; follower.status().position < head && steps < 1'000; ++steps) {
      follower.step();
    }
    ASSERT_EQ(follower.status().position, head);
  }

  /// `input`: what comes on standard input, by the shell's printf.
  static Execution run(const std::string& arguments, const std::string& input = {},
                       const std::string& environment = "NO_COLOR=1") {
    const std::string command = (input.empty() ? "" : "printf '" + input + "' | ") + "env -i " +
                                environment + " " CALLSTATE_BINARY " " + arguments + " 2>&1" +
                                (input.empty() ? " < /dev/null" : "");
    Execution made;
    FILE* pipe = popen(command.c_str(), "r");
    if (pipe == nullptr) return made;
    for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) {
      made.output.push_back(static_cast<char>(c));
    }
    made.exit = WEXITSTATUS(pclose(pipe));
    return made;
  }

 private:
  fs::path folder_;
};

}  // namespace callstate::tools::testing
