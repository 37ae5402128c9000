#include "storage/free_space.hpp"

#include <sys/statvfs.h>

#include <utility>

namespace callstate::storage {

FreeBytesProbe free_bytes_of(std::filesystem::path directory) {
  return [directory = std::move(directory)]() -> std::optional<std::uint64_t> {
    struct statvfs status{};
    if (::statvfs(directory.c_str(), &status) != 0) return std::nullopt;
    return static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize;
  };
}

std::optional<std::string> lacks_room_to_open(const std::filesystem::path& directory,
                                              const FreeBytesProbe& probe) {
  std::uint64_t needed = 4UL * 1024 * 1024;  // small files, and some air
  std::error_code error;
  for (const auto& file : std::filesystem::directory_iterator(directory, error)) {
    const bool wal = file.path().extension() == ".log";
    if (!wal && !file.path().filename().string().starts_with("MANIFEST-")) continue;
    const auto bytes = file.file_size(error);
    if (!error) needed += bytes;
  }
  const auto free_bytes = probe();
  if (!free_bytes || *free_bytes >= needed) return std::nullopt;
  return "the disk of " + directory.string() + " has " + std::to_string(*free_bytes) +
         " bytes free; at least " + std::to_string(needed) +
         " are needed to open the log. Make room, then start again";
}

FreeSpace::FreeSpace(std::uint64_t reserve_bytes, FreeBytesProbe probe)
    : reserve_bytes_(reserve_bytes), probe_(std::move(probe)) {
  refresh();
}

void FreeSpace::refresh() {
  const auto free_bytes = probe_();
  if (!free_bytes) return;
  free_bytes_.store(*free_bytes, std::memory_order_relaxed);
  const auto needed = has_room() ? reserve_bytes_ : reserve_bytes_ + reserve_bytes_ / 8;
  has_room_.store(*free_bytes >= needed, std::memory_order_relaxed);
}

}  // namespace callstate::storage
