#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace callstate::bench {

/// What the disk takes by itself: a file that grows by records of 200 bytes,
/// each synced before the next.
class SyncedFile {
 public:
  explicit SyncedFile(const std::string& path);
  ~SyncedFile();
  SyncedFile(const SyncedFile&) = delete;
  SyncedFile& operator=(const SyncedFile&) = delete;

  /// Gives the microseconds of each fdatasync.
  std::vector<double> append(std::size_t records);

 private:
  int descriptor_;
};

}  // namespace callstate::bench
