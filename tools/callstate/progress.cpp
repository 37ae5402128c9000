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

ProgressBar::ProgressBar(std::string what)
    : what_(std::move(what)),
      terminal_(::isatty(STDERR_FILENO) == 1),
      next_(began_ + (terminal_ ? Clock::duration(bar_after) : Clock::duration(line_every))) {}

ProgressBar::~ProgressBar() {
  if (drawn_) std::fputs("\r\033[K", stderr);
}

bool ProgressBar::is_due() const {
  return Clock::now() >= next_;
}

double ProgressBar::seconds() const {
  return std::chrono::duration<double>(Clock::now() - began_).count();
}

void ProgressBar::show(std::uint64_t done, std::uint64_t all, const char* noun, double rate) {
  const auto now = Clock::now();
  if (now < next_) return;
  next_ = now + (terminal_ ? Clock::duration(bar_every) : Clock::duration(line_every));
  all = std::max<std::uint64_t>(all, 1);
  const double part = static_cast<double>(done) / static_cast<double>(all);
  std::string text = grouped(done) + " of " + count_of(all, noun) + ", " +
                     grouped(static_cast<std::uint64_t>(rate)) + " a second";
  if (rate >= 1) {
    const std::chrono::duration<double> left(static_cast<double>(all - std::min(all, done)) / rate);
    text += ", " + describe_duration(std::chrono::ceil<std::chrono::seconds>(left)) + " left";
  }
  const auto percent = static_cast<int>(100 * part);
  if (terminal_) {
    std::fprintf(stderr, "\r\033[K%s  %s %3d%%  %s", what_.c_str(), bar(part).c_str(), percent,
                 text.c_str());
    drawn_ = true;
  } else {
    std::fprintf(stderr, "%s: %d%%, %s\n", what_.c_str(), percent, text.c_str());
  }
}

void ProgressBar::show(const std::string& step) {
  if (step == step_) return;
  step_ = step;
  if (terminal_) {
    std::fprintf(stderr, "\r\033[K%s: %s", what_.c_str(), step.c_str());
    drawn_ = true;
  } else {
    std::fprintf(stderr, "%s: %s\n", what_.c_str(), step.c_str());
  }
}

std::expected<void, engine::Failure> ProgressReader::read(call::Position from, call::Position to,
                                                          const Each& each) const {
  return log_.read(from, to, [&](const call::Record& record, const engine::RecordHash& hash) {
    if (record.position % records_between_looks == 0 && bar_.is_due()) {
      bar_.show(record.position, log_.head(), "record",
                static_cast<double>(record.position - from) / bar_.seconds());
    }
    return each(record, hash);
  });
}

}  // namespace callstate::tools
