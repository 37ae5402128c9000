#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "core/call/event.hpp"
#include "core/call/state.hpp"

namespace callstate::tools {

/// A condition on a record and on its room after it: terms, all of which must hold,
/// such as `type=ACCEPTED user=alice outcome=refused status=active`.
///
///   type, user (who acted or was named), by (who acted), device, role, outcome, code,
///   room, tenant, call        = or !=, and values of which one fits: type=ENDED|REJECTED
///   state (IDLE, RINGING …)   of the room after it
///   status (as the call log has it; `active`: it goes on)
///   pos, seq                  = != < <= > >=
///
/// A type alone stands for `type=` it.
class Condition {
 public:
  /// The failure is a sentence that says what would be right.
  static std::expected<Condition, std::string> parse(std::string_view text);

  /// `room`: after the record; null where it has none.
  [[nodiscard]] bool holds(const call::Record& record, const call::Room* room) const;
  /// As it was written.
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  enum class Compare : std::uint8_t { equal, unequal, less, at_most, more, at_least };
  struct Term {
    std::string key;
    Compare compare = Compare::equal;
    std::vector<std::string> values;
    std::uint64_t number = 0;  // of `pos` and `seq`
  };

  static std::expected<Term, std::string> parse_term(std::string_view word);
  static bool holds(const Term& term, const call::Record& record, const call::Room* room);
  static bool holds_for_one(const Term& term, const call::Record& record, const call::Room* room);

  std::string text_;
  std::vector<Term> terms_;
};

/// The types of all events: `CALL_STARTED` …
const std::vector<std::string>& event_types();

}  // namespace callstate::tools
