#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>

#include "tools/callstate/metrics/exposition.hpp"

namespace callstate::tools {
namespace {

double seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

/// Since the machine was started; proc(5), field 22 of `stat`.
double started_after_boot_s() {
  std::string text;
  std::getline(std::ifstream("/proc/self/stat"), text);
  // Before it stands the program's name, in which anything may be.
  std::istringstream rest(text.substr(text.rfind(')') + 1));
  std::string skipped;
  for (int field = 3; field < 22; ++field) rest >> skipped;
  double ticks = 0;
  rest >> ticks;
  return ticks / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

double started_s() {
  timespec since_boot{};
  ::clock_gettime(CLOCK_BOOTTIME, &since_boot);
  const std::chrono::duration<double> now = std::chrono::system_clock::now().time_since_epoch();
  return now.count() - (static_cast<double>(since_boot.tv_sec) - started_after_boot_s());
}

}  // namespace

ProcessReading read_process() {
  static const double started = started_s();
  ProcessReading reading;
  reading.started_s = started;
  rusage usage{};
  if (::getrusage(RUSAGE_SELF, &usage) == 0)
    reading.cpu_s = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  std::uint64_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages >> pages;  // the second number
  reading.resident_bytes = pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  std::error_code error;
  const std::filesystem::directory_iterator descriptors("/proc/self/fd", error);
  const auto count = std::distance(begin(descriptors), end(descriptors));
  // Looking takes one, too.
  if (count > 0) reading.descriptors = static_cast<std::uint64_t>(count) - 1;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) reading.descriptors_max = limit.rlim_cur;
  return reading;
}

}  // namespace callstate::tools
