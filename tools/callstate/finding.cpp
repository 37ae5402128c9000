#include "tools/callstate/finding.hpp"

#include <cstdio>
#include <string>

#include "tools/callstate/progress.hpp"
#include "tools/callstate/report/numbers.hpp"

namespace callstate::tools {
namespace {

/// What is read in a moment needs no word.
constexpr call::Position records_read_at_once = 100'000;

void say_scan(const std::string& why, call::Position records) {
  if (records <= records_read_at_once) return;
  const std::string text =
      "callstate: " + why + "; reading the whole log, " + count_of(records, "record") + ".\n";
  std::fputs(text.c_str(), stderr);
}

}  // namespace

std::expected<History, Trouble> find_in(LogSource& log, const Wanted& wanted) {
  const ProgressReader reader(log.reader(), "reading the log");
  const auto finder = log.finder();
  if (!finder) {
    say_scan(finder.error(), log.reader().head());
    return find_history(reader, wanted);
  }
  auto known = find_records(**finder, wanted);
  if (known) return find_history(reader, *std::move(known), wanted);
  // What is wrong with the index is no trouble of the log's.
  say_scan(known.error().message, log.reader().head());
  return find_history(reader, wanted);
}

}  // namespace callstate::tools
