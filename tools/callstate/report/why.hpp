#pragma once

#include <expected>
#include <string>

#include "tools/callstate/report/audience.hpp"
#include "tools/callstate/report/history.hpp"
#include "tools/callstate/report/reconsider.hpp"
#include "tools/callstate/report/table.hpp"

namespace callstate::tools {

/// Why a record is as it is.
struct Explanation {
  History before;  // as of the position before
  History after;   // as of the record
  Entry entry;
  Reconsidered judged;
  std::vector<Recipient> recipients;
};

/// Nothing when the position is not in the history.
std::optional<Explanation> explain(const History& history, call::Position position);

/// As a page: the message as received, the verdict and its rule, the state before and
/// after, and to whom it went.
std::string render_explanation(const Explanation& why, const Paint& paint);
/// The same as one JSON object.
std::string explanation_json(const Explanation& why);

}  // namespace callstate::tools
