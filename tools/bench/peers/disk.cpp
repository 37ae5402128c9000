#include "tools/bench/peers/disk.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <stdexcept>

namespace callstate::bench {

SyncedFile::SyncedFile(const std::string& path)
    : descriptor_(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644)) {
  if (descriptor_ < 0) throw std::runtime_error("cannot write " + path);
}

SyncedFile::~SyncedFile() {
  ::close(descriptor_);
}

std::vector<double> SyncedFile::append(std::size_t records) {
  using Clock = std::chrono::steady_clock;
  const std::string record(200, 'x');
  std::vector<double> took_us;
  for (std::size_t i = 0; i < records; ++i) {
    const auto written = ::write(descriptor_, record.data(), record.size());
    const auto began = Clock::now();
    if (written != static_cast<ssize_t>(record.size()) || ::fdatasync(descriptor_) != 0) {
      throw std::runtime_error("the disk takes nothing");
    }
    took_us.push_back(std::chrono::duration<double, std::micro>(Clock::now() - began).count());
  }
  return took_us;
}

}  // namespace callstate::bench
