#include "storage/detail/info_log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdarg>
#include <cstdio>
#include <mutex>
#include <string>
#include <utility>

namespace callstate::storage {
namespace {

/// RocksDB's own logger fails an assertion when it is used after its file could
/// not be written, which on a full disk ends the process. This one goes on
/// without what could not be written. One file and the one before it.
class FileLogger : public rocksdb::Logger {
 public:
  explicit FileLogger(const std::filesystem::path& directory)
      : path_(directory / "LOG"), old_path_(directory / "LOG.old") {
    open();
  }
  ~FileLogger() override { Close().PermitUncheckedError(); }

  using rocksdb::Logger::Logv;
  void Logv(const char* format, va_list arguments) override {
    std::array<char, 4096> line;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(now).count();
    const auto stamp = std::to_string(micros) + " ";
    const auto size = std::vsnprintf(line.data(), line.size(), format, arguments);
    if (size < 0) return;
    const auto text = stamp + line.data() + "\n";
    const std::scoped_lock lock(mutex_);
    if (bytes_ > bytes_max) open();
    bytes_ += text.size();
    if (file_ >= 0 && ::write(file_, text.data(), text.size()) < 0) return;
  }

 protected:
  rocksdb::Status CloseImpl() override {
    if (file_ >= 0) ::close(std::exchange(file_, -1));
    return rocksdb::Status::OK();
  }

 private:
  static constexpr std::size_t bytes_max = 4UL * 1024 * 1024;

  void open() {
    CloseImpl().PermitUncheckedError();
    std::rename(path_.c_str(), old_path_.c_str());
    file_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bytes_ = 0;
  }

  std::string path_;
  std::string old_path_;
  std::mutex mutex_;
  int file_ = -1;
  std::size_t bytes_ = 0;
};

class NoLogger : public rocksdb::Logger {
 public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

}  // namespace

std::shared_ptr<rocksdb::Logger> file_logger(const std::filesystem::path& directory) {
  return std::make_shared<FileLogger>(directory);
}

std::shared_ptr<rocksdb::Logger> no_logger() {
  return std::make_shared<NoLogger>();
}

}  // namespace callstate::storage
