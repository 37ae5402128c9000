#pragma once

#include <cstdint>
#include <expected>
#include <limits>
#include <optional>
#include <span>
#include <string>

#include "core/engine/ports.hpp"
#include "storage/seal_key.hpp"
#include "tools/callstate/evidence/evidence.hpp"
#include "tools/callstate/report/trouble.hpp"

namespace callstate::tools {

/// Of which call, and how far one may look for it.
struct EvidenceWanted {
  call::CallId call;
  std::optional<call::TenantId> tenant{};  // whose it must be
  /// Where its records are, as far as that is known beforehand.
  call::Position first = 1;
  call::Position last = std::numeric_limits<call::Position>::max();
  /// Records that may be read, for the call's and the seals over them.
  std::uint64_t read_max = std::numeric_limits<std::uint64_t>::max();
};

/// Why there is none.
struct NoEvidence {
  enum class Why : std::uint8_t {
    no_call,
    outlived,  // what is left of the log proves the call no more, or never did
    unusable,
  };
  Why why = Why::unusable;
  std::string message;  // in a sentence

  [[nodiscard]] Trouble trouble() const {
    return {why == Why::unusable ? Exit::unusable : Exit::found, message};
  }
};

/// Reads the log. `keys`: public ones that go along where they have signed.
[[nodiscard]] std::expected<Evidence, NoEvidence> compose_evidence(
    const engine::LogReader& log, const std::string& log_id, const EvidenceWanted& wanted,
    std::span<const storage::PublicKey> keys);

}  // namespace callstate::tools
