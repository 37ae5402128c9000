#pragma once

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

namespace callstate::storage {

/// The bytes that are free for the log, or nothing when that cannot be told.
using FreeBytesProbe = std::function<std::optional<std::uint64_t>()>;

/// Asks the file system of `directory`: what an unprivileged process may use.
FreeBytesProbe free_bytes_of(std::filesystem::path directory);

/// Whether there is room to open the log in `directory` for writing: a start
/// flushes what the write-ahead log holds and writes the list of files anew.
/// Nothing when there is; otherwise the sentence to refuse with. Independent of
/// the reserve, which may be 0.
std::optional<std::string> lacks_room_to_open(const std::filesystem::path& directory,
                                              const FreeBytesProbe& probe);

/// Whether there is room to go on: false once less than the reserve is free,
/// true again once an eighth more than the reserve is, so that it does not
/// flicker. Room that cannot be told is taken to be there.
class FreeSpace {
 public:
  FreeSpace(std::uint64_t reserve_bytes, FreeBytesProbe probe);

  /// As of the last refresh. Any thread.
  [[nodiscard]] bool has_room() const { return has_room_.load(std::memory_order_relaxed); }

  /// Likewise; nothing where it could never be told.
  [[nodiscard]] std::optional<std::uint64_t> free_bytes() const {
    const auto bytes = free_bytes_.load(std::memory_order_relaxed);
    return bytes == unknown ? std::nullopt : std::optional(bytes);
  }
  [[nodiscard]] std::uint64_t reserve_bytes() const { return reserve_bytes_; }

  /// Asks the probe. Any thread; concurrent calls only repeat each other.
  void refresh();

 private:
  static constexpr std::uint64_t unknown = ~std::uint64_t{0};

  std::uint64_t reserve_bytes_;
  FreeBytesProbe probe_;
  std::atomic<bool> has_room_{true};
  std::atomic<std::uint64_t> free_bytes_ = unknown;
};

}  // namespace callstate::storage
