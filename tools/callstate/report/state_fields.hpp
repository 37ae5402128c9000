#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/call/state.hpp"

namespace callstate::tools {

/// Names and values, for people and for comparing. Empty: there is none.
using Fields = std::vector<std::pair<std::string, std::string>>;

/// Every field of a room, named as on the wire: `callState`, `answeredAt`,
/// `bob.state` … Two rooms have the same fields exactly when they are equal.
Fields fields_of(const call::Room& room);
/// Every field of a user's presence.
Fields fields_of(const call::User& user);

/// A field that differs, with its value in each; empty where there is none.
struct Change {
  std::string field;
  std::string before;
  std::string after;
};
/// A value as a table shows it: a dash for none, a hash by its beginning.
std::string shown_value(std::string_view field, std::string_view value);

/// In the order of `after`, then what only `before` has.
std::vector<Change> changes_between(const Fields& before, const Fields& after);

}  // namespace callstate::tools
