#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "core/call/event.hpp"
#include "tools/callstate/report/times.hpp"
#include "tools/callstate/report/trouble.hpp"

namespace callstate::tools {

/// Which records of a log are wanted: those to which all of these apply. Of each
/// stream that is a run without a hole, so that chains can be followed in it.
struct Selection {
  /// From the call's CALL_STARTED up to the room's next, and the server's starts
  /// while it was live.
  std::optional<call::CallId> call{};
  std::string room{};    // and the server's stream
  std::string tenant{};  // and the server's stream
  std::optional<At> from{};
  std::optional<At> to{};  // both included

  [[nodiscard]] bool all() const { return !call && room.empty() && tenant.empty() && !from && !to; }
};

/// Whether `from` does not come after `to`, as far as that can be told: a position and a
/// time cannot be compared. The failure says what to do, without its end.
std::expected<void, std::string> check_order(const At& from, const At& to);

/// Is shown the records of a log in order, and says which are wanted.
class Selector {
 public:
  explicit Selector(const Selection& selection) : wanted_(selection) {}

  enum class Answer : std::uint8_t { take, leave, end };  // end: this and all that follow
  /// `original`: the record's position in the log that it was written to.
  Answer judge(const call::Record& record, call::Position original);

  /// Fails when nothing was found that was named, or a room of several tenants.
  [[nodiscard]] std::expected<void, Trouble> result() const;

 private:
  Answer of_call(const call::Record& record);
  Answer of_streams(const call::Record& record);

  const Selection& wanted_;
  bool found_ = false;
  bool ambiguous_ = false;
  std::optional<call::TenantId> tenant_;  // in which the room was found
  // Of a call:
  std::optional<call::Stream> stream_;  // its room, once it has begun
  bool live_ = false;
};

}  // namespace callstate::tools
