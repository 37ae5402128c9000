#include "tools/callstate/new_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

#include "transports/json_concat.hpp"

namespace callstate::tools {
namespace {

namespace fs = std::filesystem;
using transports::concat;

fs::path part_of(const fs::path& path) {
  return path.string() + ".part";
}

std::string trouble(const fs::path& path, int error) {
  return concat(path.string(), " cannot be written: ", std::strerror(error == 0 ? EIO : error));
}

std::string is_there(const fs::path& path) {
  return concat(path.string(), " exists already: give another name, or remove it");
}

bool same_bytes(const fs::path& one, const fs::path& other) {
  std::error_code error;
  if (fs::file_size(one, error) != fs::file_size(other, error) || error) return false;
  std::ifstream first(one, std::ios::binary);
  std::ifstream second(other, std::ios::binary);
  using Bytes = std::istreambuf_iterator<char>;
  return first && second && std::equal(Bytes(first), Bytes(), Bytes(second), Bytes());
}

/// Fails with EEXIST where there is something. Some file systems cannot see to that:
/// there it is looked first.
bool rename_to_new(const fs::path& from, const fs::path& to) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), RENAME_NOREPLACE) == 0) return true;
  if (errno != EINVAL && errno != ENOSYS) return false;
  std::error_code error;
  if (fs::exists(to, error)) {
    errno = EEXIST;
    return false;
  }
  return ::rename(from.c_str(), to.c_str()) == 0;
}

/// The name is durable once its directory is.
bool sync_directory(const fs::path& directory) {
  const int descriptor = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool synced = ::fsync(descriptor) == 0;
  ::close(descriptor);
  return synced;
}

}  // namespace

std::expected<NewFile, std::string> NewFile::begin(const fs::path& path, Existing existing) {
  std::error_code error;
  if (existing == Existing::refused && fs::exists(path, error)) {
    return std::unexpected(is_there(path));
  }
  const auto part = part_of(path);
  // It holds what the log holds: nobody else's to read.
  const int descriptor = ::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  std::FILE* file = descriptor < 0 ? nullptr : ::fdopen(descriptor, "w");
  if (file == nullptr) return std::unexpected(trouble(part, errno));
  return NewFile(path, existing, file);
}

NewFile::~NewFile() {
  if (file_ == nullptr) return;
  std::error_code ignored;
  fs::remove(part_of(path_), ignored);
}

bool NewFile::put(std::string_view text) {
  return std::fwrite(text.data(), 1, text.size(), file_.get()) == text.size();
}

std::expected<void, std::string> NewFile::finish() {
  auto* file = file_.get();
  errno = 0;
  const bool written =
      std::ferror(file) == 0 && std::fflush(file) == 0 && ::fsync(::fileno(file)) == 0;
  if (!written) return std::unexpected(trouble(part_of(path_), errno));
  const auto part = part_of(path_);
  const auto directory = path_.has_parent_path() ? path_.parent_path() : fs::path(".");
  if (!rename_to_new(part, path_)) {
    if (errno != EEXIST) return std::unexpected(trouble(path_, errno));
    if (existing_ == Existing::refused || !same_bytes(part, path_)) {
      return std::unexpected(is_there(path_));
    }
    return {};  // and what was written beside it goes
  }
  file_.reset();
  if (!sync_directory(directory)) return std::unexpected(trouble(path_, errno));
  return {};
}

}  // namespace callstate::tools
