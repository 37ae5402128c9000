#include "tools/callstate/progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <utility>

#include "tools/callstate/report/durations.hpp"
#include "tools/callstate/report/numbers.hpp"

namespace callstate::tools {
namespace {

using namespace std::chrono_literals;

// Looking at the clock for every record would slow the reading down.
constexpr call::Position records_between_looks = 1'024;
constexpr auto bar_after = 300ms;
constexpr auto bar_every = 100ms;
constexpr auto line_every = 5s;
constexpr int bar_cells = 24;

std::string bar(double part) {
  const auto full = std::clamp(static_cast<int>(part * bar_cells), 0, bar_cells);
  std::string text;
  for (int cell = 0; cell < bar_cells; ++cell) text += cell < full ? "█" : "░";
  return text;
}

}  // namespace

ProgressReader::ProgressReader(const engine::LogReader& log, std::string what)
    : log_(log),
      what_(std::move(what)),
      terminal_(::isatty(STDERR_FILENO) == 1),
      next_(began_ + (terminal_ ? Clock::duration(bar_after) : Clock::duration(line_every))) {}

ProgressReader::~ProgressReader() {
  if (drawn_) std::fputs("\r\033[K", stderr);
}

std::expected<void, engine::Failure> ProgressReader::read(call::Position from, call::Position to,
                                                          const Each& each) const {
  return log_.read(from, to, [&](const call::Record& record, const engine::RecordHash& hash) {
    if (record.position % records_between_looks == 0) show(record.position);
    return each(record, hash);
  });
}

void ProgressReader::show(call::Position position) const {
  const auto now = Clock::now();
  if (now < next_) return;
  next_ = now + (terminal_ ? Clock::duration(bar_every) : Clock::duration(line_every));
  const std::chrono::duration<double> took = now - began_;
  const auto done = static_cast<double>(position);
  const auto all = static_cast<double>(std::max<call::Position>(log_.head(), 1));
  const double rate = done / took.count();
  const std::chrono::duration<double> left((all - done) / rate);
  const auto percent = static_cast<int>(100 * done / all);
  const std::string text = grouped(position) + " of " + count_of(log_.head(), "record") + ", " +
                           grouped(static_cast<std::uint64_t>(rate)) + " a second, " +
                           describe_duration(std::chrono::ceil<std::chrono::seconds>(left)) +
                           " left";
  if (terminal_) {
    std::fprintf(stderr, "\r\033[K%s  %s %3d%%  %s", what_.c_str(), bar(done / all).c_str(),
                 percent, text.c_str());
    drawn_ = true;
  } else {
    std::fprintf(stderr, "%s: %d%%, %s\n", what_.c_str(), percent, text.c_str());
  }
}

}  // namespace callstate::tools
