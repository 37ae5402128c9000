#pragma once

#include <cstdint>

#include "storage/detail/database.hpp"
#include "storage/detail/fail_stop.hpp"

namespace callstate::storage {

/// Reads the tables of a log that is served, checksum by checksum: old records
/// are read by nobody else, and damage to them is to be found while there are
/// backups from before. Goes slowly, one table at a time. One thread.
class TableCheck {
 public:
  TableCheck(Database& database, FailStop& fail_stop)
      : database_(database), fail_stop_(fail_stop) {}

  /// About once a second: begins soon after a start, reads a table every
  /// `ticks_between_tables`, and the next round begins a day after the last.
  void tick();

  /// Reads the next table. One that is damaged trips the stop, with positions
  /// and rooms. False when there is none left in this round.
  bool check_next();

  static constexpr std::uint32_t ticks_between_tables = 10;
  static constexpr std::uint32_t ticks_between_rounds = 24 * 60 * 60;

 private:
  Database& database_;
  FailStop& fail_stop_;
  std::uint64_t last_number_ = 0;  // of the table read last; they only rise
  std::uint32_t ticks_left_ = ticks_between_tables;
};

}  // namespace callstate::storage
