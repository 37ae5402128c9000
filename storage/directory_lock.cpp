#include "storage/detail/directory_lock.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <optional>
#include <string>
#include <utility>

#include "storage/detail/damage_text.hpp"

namespace callstate::storage {
namespace {

/// The process that holds a lock on the open file, from /proc/locks: `flock`
/// itself does not tell. Nothing where the kernel does not show it.
std::optional<std::string> holder_of(int file) {
  struct stat status{};
  if (::fstat(file, &status) != 0) return std::nullopt;
  char wanted[64];
  std::snprintf(wanted, sizeof wanted, "%02x:%02x:%lu", major(status.st_dev), minor(status.st_dev),
                static_cast<unsigned long>(status.st_ino));
  std::ifstream locks("/proc/locks");
  std::string number;
  std::string kind;
  std::string advisory;
  std::string access;
  std::string pid;
  std::string inode;
  std::string rest;
  while (locks >> number >> kind) {
    if (kind != "->" && locks >> advisory >> access >> pid >> inode && kind == "FLOCK" &&
        inode == wanted && pid != "0" && pid != "-1") {
      return pid;
    }
    std::getline(locks, rest);
  }
  return std::nullopt;
}

}  // namespace

std::expected<DirectoryLock, engine::Failure> DirectoryLock::take(
    const std::filesystem::path& directory, Use use) {
  const bool serving = use == Use::serve;
  const auto path = directory / "callstate.lock";
  const int file =
      ::open(path.c_str(), serving ? O_RDWR | O_CREAT | O_CLOEXEC : O_RDONLY | O_CLOEXEC, 0644);
  if (file < 0) {
    if (!serving && errno == ENOENT) return DirectoryLock(-1);
    const std::string why = std::strerror(errno);
    return std::unexpected(engine::Failure{
        "cannot open " + path.string() + ": " + why + "; " +
        advice_on_trouble(why).value_or("give this process access to the directory")});
  }
  DirectoryLock lock(file);
  if (::flock(file, (serving ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0) return lock;
  const auto holder = holder_of(file);
  auto message = directory.string() + " is in use by " +
                 (holder ? "process " + *holder : std::string("another process"));
  message += serving ? "; stop that process or serve another directory"
                     : "; stop that process, or have it make a checkpoint and read that";
  return std::unexpected(engine::Failure{std::move(message)});
}

DirectoryLock::DirectoryLock(DirectoryLock&& other) noexcept
    : file_(std::exchange(other.file_, -1)) {}

DirectoryLock& DirectoryLock::operator=(DirectoryLock&& other) noexcept {
  std::swap(file_, other.file_);
  return *this;
}

DirectoryLock::~DirectoryLock() {
  if (file_ >= 0) ::close(file_);
}

}  // namespace callstate::storage
