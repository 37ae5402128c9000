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

FreeSpace::FreeSpace(std::uint64_t reserve_bytes, FreeBytesProbe probe)
    : reserve_bytes_(reserve_bytes), probe_(std::move(probe)) {
  refresh();
}

void FreeSpace::refresh() {
  const auto free_bytes = probe_();
  if (!free_bytes) return;
  const auto needed = has_room() ? reserve_bytes_ : reserve_bytes_ + reserve_bytes_ / 8;
  has_room_.store(*free_bytes >= needed, std::memory_order_relaxed);
}

}  // namespace callstate::storage
