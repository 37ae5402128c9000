#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace callstate::bench {

/// The ceiling: RocksDB alone, with the options that the log uses and nothing
/// around it.
class RawLog {
 public:
  explicit RawLog(const std::string& folder);
  ~RawLog();

  /// One Put a record under rising keys, one synced write for each `group`.
  void put_groups(const std::vector<std::string>& records, std::size_t group);
  /// One synced Put.
  void put_one(const std::string& record);

 private:
  struct Database;
  std::unique_ptr<Database> database_;
  std::uint64_t last_ = 0;
};

/// The bytes of up to `count` records of a log, in order.
std::vector<std::string> read_raw(const std::string& folder, std::size_t count);

/// Iterates over all of a log's records and touches their bytes; gives their
/// number.
std::size_t scan_raw(const std::string& folder, double& seconds);

/// The same, and takes the SHA-256 of each record.
std::size_t hash_raw(const std::string& folder, double& seconds);

}  // namespace callstate::bench
