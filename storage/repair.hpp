#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "core/engine/ports.hpp"

namespace callstate::storage {

/// Of one stream, what was cut and could still be read.
struct CutStream {
  std::string stream;  // `room acme/standup`
  std::uint64_t records = 0;
  call::Position first = 0;
  call::Position last = 0;
  std::set<call::CallId> calls{};
};

struct Repaired {
  std::string damage;  // what is wrong; empty: nothing, and there is no copy
  std::string log_id;
  bool new_log_id = false;   // the old one could not be read
  call::Position first = 1;  // the copy holds `first` … `kept`
  call::Position kept = 0;
  /// And so many of before, where older calls were dropped from the log.
  std::uint64_t kept_before = 0;
  call::Position end = 0;  // the last position that any file has, or is known to have had
  std::string why;         // what stopped it before `end`
  /// Of kept + 1 … end: those that are known to have been acknowledged. The others
  /// were written, and may have been.
  std::uint64_t acknowledged = 0;
  std::uint64_t readable = 0;        // could still be read
  std::vector<CutStream> streams{};  // by stream; no more than `cut_streams_max`
  std::uint64_t more_records = 0;    // of streams beyond those

  [[nodiscard]] bool sound() const { return damage.empty(); }
  [[nodiscard]] std::uint64_t cut() const { return end - kept; }
};
constexpr std::size_t cut_streams_max = 1000;

/// So many records are done, of so many.
using RepairProgress = std::function<void(call::Position done, call::Position all)>;

/// Makes a log in `out` of the records of the stopped log in `path` up to the first
/// that is missing, cannot be read or does not follow, and says what it leaves out.
/// Nothing in `path` is changed. Makes nothing of a log that is sound. `out` must not
/// exist, or be empty.
std::expected<Repaired, engine::Failure> repair(const std::filesystem::path& path,
                                                const std::filesystem::path& out,
                                                const RepairProgress& progress);

}  // namespace callstate::storage
