#include "tools/callstate/archive.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
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
  return concat("the archive ", path.string(), " cannot be written: ", std::strerror(error));
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

std::expected<Archive, std::string> Archive::begin(const fs::path& path) {
  const auto part = part_of(path);
  // It holds what the log holds: nobody else's to read.
  const int descriptor = ::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  std::FILE* file = descriptor < 0 ? nullptr : ::fdopen(descriptor, "w");
  if (file == nullptr) return std::unexpected(trouble(part, errno));
  return Archive(path, file);
}

void Archive::add(std::string_view line) {
  std::fwrite(line.data(), 1, line.size(), file_.get());
  std::fputc('\n', file_.get());
}

std::expected<void, std::string> Archive::finish() {
  auto* file = file_.get();
  const bool written =
      std::ferror(file) == 0 && std::fflush(file) == 0 && ::fsync(::fileno(file)) == 0;
  if (!written) return std::unexpected(trouble(part_of(path_), errno == 0 ? EIO : errno));
  file_.reset();
  const auto directory = path_.has_parent_path() ? path_.parent_path() : fs::path(".");
  if (::rename(part_of(path_).c_str(), path_.c_str()) != 0 || !sync_directory(directory))
    return std::unexpected(trouble(path_, errno));
  return {};
}

}  // namespace callstate::tools
