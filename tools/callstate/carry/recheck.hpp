#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <string>
#include <vector>

#include "core/call/decide.hpp"
#include "core/engine/ports.hpp"

// The history once more, by the rules of this build.

namespace callstate::tools {

/// The rules that are tried: this build's, unless a test has others.
struct TriedRules {
  std::function<call::Verdict(const call::Room&, const call::Message&, const call::Sender&,
                              const call::Context&)>
      message = call::decide;
  std::function<call::Verdict(const call::Room&, call::MediaReported, const call::Context&)> media =
      call::decide_media;
  std::function<std::vector<call::Payload>(const call::Room&, const call::Context&)> due =
      call::decide_due;
  std::function<std::vector<call::Payload>(const call::Room&, const call::UserId&,
                                           const call::Context&)>
      disconnected = call::decide_disconnected;
  std::function<std::vector<call::Payload>(const call::Room&, const call::UserId&)> reconnected =
      call::decide_reconnected;
};

/// What a rule says now and did not say then.
struct Difference {
  std::string rule;      // `ACCEPTED in CONNECTED`
  std::string recorded;  // `refused ANSWERED_ELSEWHERE`
  std::string now;       // `ignored`
  std::uint64_t count = 0;
  call::Position first = 0;  // with the stream and both events in full:
  std::string where;
  std::string recorded_event;
  std::string now_event;  // empty: none
};

struct Rechecked {
  call::Position first = 1;  // from here on the log holds all
  call::Position head = 0;
  std::uint64_t records = 0;
  std::uint64_t messages = 0;     // decided again: what clients and the media server sent
  std::uint64_t conclusions = 0;  // likewise: what the server concluded of those, of time and of
                                  // connections
  std::uint64_t folded = 0;  // no rule of calls decides them: only what they fold on was looked at
  std::vector<Difference> differences;  // by the first position
  std::uint64_t different = 0;          // records, of all differences

  [[nodiscard]] bool good() const { return differences.empty(); }
};

/// Reads the whole log, and decides every record of a room anew on what the records
/// before it fold to, with the times and ids that it was decided with. What was
/// recorded is folded, whatever is decided now, so that each difference stands for
/// itself. What the log does not say counts as it was: who was online, which
/// deadlines the settings of the time gave, that a sender had named somebody else.
/// Memory: some hundred bytes a room and user.
std::expected<Rechecked, engine::Failure> recheck(const engine::LogReader& log,
                                                  const TriedRules& rules);

}  // namespace callstate::tools
