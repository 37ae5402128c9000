#pragma once

#include <string>

#include "tools/callstate/report/history.hpp"
#include "tools/callstate/report/table.hpp"

namespace callstate::tools {

/// What changed in a room from one position to another, field by field. `history`
/// reaches to `to`, which is not before `from`.
std::string render_difference(const History& history, call::Position from, call::Position to,
                              const Paint& paint);
/// The same as one JSON object: `from`, `to`, `records`, and `changes`, of `field`,
/// `before` and `after` each.
std::string difference_json(const History& history, call::Position from, call::Position to);

}  // namespace callstate::tools
