#include "storage/detail/files.hpp"

#include <fcntl.h>
#include <rocksdb/file_checksum.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "storage/detail/damage_text.hpp"

namespace callstate::storage {
namespace {

class OpenFile {
 public:
  OpenFile(const std::filesystem::path& path, int flags)
      : descriptor_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  ~OpenFile() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  [[nodiscard]] int get() const { return descriptor_; }

 private:
  int descriptor_;
};

/// The number of bytes moved, until there are no more or a call fails.
template <class Move>
std::size_t move_all(std::size_t size, const Move& move) {
  std::size_t moved = 0;
  while (moved < size) {
    const auto now = move(moved, size - moved);
    if (now > 0) {
      moved += static_cast<std::size_t>(now);
    } else if (now < 0 && errno == EINTR) {
      errno = 0;
    } else {
      break;
    }
  }
  return moved;
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  static const auto factory = rocksdb::GetFileChecksumGenCrc32cFactory();
  const auto generator = factory->CreateFileChecksumGenerator({});
  generator->Update(bytes.data(), bytes.size());
  generator->Finalize();
  std::uint32_t sum = 0;
  for (const char byte : generator->GetChecksum()) {
    sum = (sum << 8U) | static_cast<unsigned char>(byte);
  }
  return sum;
}

std::expected<std::string, engine::Failure> read_file(const std::filesystem::path& file) {
  struct stat status{};
  std::string bytes;
  errno = 0;
  const OpenFile open(file, O_RDONLY);
  if (open.get() >= 0 && ::fstat(open.get(), &status) == 0) {
    bytes.resize(static_cast<std::size_t>(status.st_size));
    const auto got = move_all(bytes.size(), [&](std::size_t at, std::size_t left) {
      return ::read(open.get(), bytes.data() + at, left);
    });
    if (errno == 0) {
      bytes.resize(got);
      return bytes;
    }
  }
  const std::string why = std::strerror(errno);
  return std::unexpected(trouble(file.parent_path(), "cannot read " + file.string() + ": " + why)
                             .value_or(engine::Failure{"cannot read " + file.string() + ": " + why +
                                                       ". Nothing was changed"}));
}

bool replace_file(const std::filesystem::path& file, std::string_view bytes) {
  auto made = file;
  made += ".new";
  {
    const OpenFile open(made, O_WRONLY | O_CREAT | O_TRUNC);
    if (open.get() < 0) return false;
    const auto put = move_all(bytes.size(), [&](std::size_t at, std::size_t left) {
      return ::write(open.get(), bytes.data() + at, left);
    });
    if (put != bytes.size() || ::fdatasync(open.get()) != 0) return false;
  }
  return std::rename(made.c_str(), file.c_str()) == 0;
}

bool sync_file(const std::filesystem::path& path) {
  const OpenFile open(path, O_RDONLY);
  return open.get() >= 0 && ::fsync(open.get()) == 0;
}

bool never_written(const std::filesystem::path& file, std::uint64_t offset) {
  const OpenFile open(file, O_RDONLY);
  if (open.get() < 0) return false;
  return ::lseek(open.get(), static_cast<off_t>(offset), SEEK_DATA) < 0 && errno == ENXIO;
}

std::unique_ptr<FileFiller> FileFiller::open(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_WRONLY | O_DIRECT | O_CLOEXEC);
  if (descriptor < 0) return nullptr;
  return std::unique_ptr<FileFiller>(new FileFiller(descriptor));
}

FileFiller::~FileFiller() {
  ::close(descriptor_);
}

std::uint64_t FileFiller::fill(std::uint64_t from, std::uint64_t to, char byte) {
  constexpr std::size_t piece_bytes = 256UL * 1024;
  struct alignas(page_bytes) Piece {
    std::array<char, piece_bytes> bytes;
  };
  const auto piece = std::make_unique_for_overwrite<Piece>();
  piece->bytes.fill(byte);
  const auto moved = move_all(to - from, [&](std::size_t at, std::size_t left) {
    return ::pwrite(descriptor_, piece->bytes.data(), std::min(left, piece_bytes),
                    static_cast<off_t>(from + at));
  });
  return from + moved / page_bytes * page_bytes;
}

}  // namespace callstate::storage
