#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/engine/ports.hpp"
#include "core/seal/checker.hpp"
#include "tools/callstate/report/problem.hpp"

namespace callstate::tools {

struct Verification {
  call::Position head = 0;
  call::Position first = 1;  // before it records were dropped on purpose
  std::uint64_t kept = 0;    // of those before it
  std::uint64_t records = 0;
  std::uint64_t streams = 0;
  std::uint64_t snapshots = 0;  // that were compared with a fold
  call::Position mark = 0;      // of the last checkpoint; 0: none
  seal::Checker::Counts seals;
  std::uint64_t unconfirmed_seals = 0;  // over positions that could not be read
  bool signatures_checked = false;
  std::vector<Problem> problems;
  bool cut_short = false;  // there were more than `problems_max`

  [[nodiscard]] bool good() const { return problems.empty(); }
};
constexpr std::size_t problems_max = 200;

/// What seals are checked with.
struct SealCheck {
  seal::HashFunction hash = nullptr;  // null: they are not checked
  std::string log_id{};
  seal::Checker::CheckSignature signatures{};  // none: signatures are not
};

/// Reads the whole log once and checks of every record that it is there and
/// well formed (the reader's part), that it follows its stream's previous record
/// by hash, that applied ones number their stream without a hole, and that times
/// do not go back; of every snapshot that it equals the fold up to its position;
/// and of every seal what seal::Checker does.
/// Goes on after a problem, and past positions that cannot be read: what only follows from
/// their being lost is no problem of its own. Reads on a thread of its own. Memory: some hundred
/// bytes a stream.
Verification verify_log(const engine::LogReader& log, engine::SnapshotStore* snapshots,
                        const SealCheck& seals = {});

}  // namespace callstate::tools
