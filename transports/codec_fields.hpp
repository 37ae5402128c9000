#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/call/message.hpp"
#include "transports/json_document.hpp"

namespace callstate::transports {

/// Takes the fields of one message object. The first field that is not as it
/// must be is remembered as a sentence, and reading goes on with an empty value
/// in its place: whoever reads asks `problem()` once, at the end. `null` counts
/// as absent. Views are valid as long as the document.
class FieldReader {
 public:
  enum class Need : bool { optional, required };

  explicit FieldReader(const JsonValue& object) : object_(object) {}

  /// Empty when every field so far was as it must be.
  [[nodiscard]] const std::string& problem() const { return problem_; }

  /// Remembers a problem that is not one field's own.
  void refuse(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
  }

  /// Any text; empty when absent.
  std::string_view text(std::string_view field, Need need);
  /// A display name or a reason.
  std::string label(std::string_view field);
  std::optional<call::UserId> user(std::string_view field, Need need);
  /// `calleeIds` and `calleeId`: the former, or the latter alone.
  std::vector<call::UserId> callees();
  /// What a CALL_STARTED says besides its room and its sender.
  call::StartCall start_call();
  call::MessageId message_id();
  /// `roomName`, or `fallback` where it is missing.
  call::RoomName room(const call::RoomName& fallback);
  std::optional<call::Position> position(std::string_view field);
  /// A JSON object as compact text; empty when absent.
  std::string opaque(std::string_view field, Need need);

 private:
  const JsonValue* find(std::string_view field, Need need);
  std::optional<call::UserId> user(const JsonValue& value, std::string_view name);

  const JsonValue& object_;
  std::string problem_;
};

}  // namespace callstate::transports
