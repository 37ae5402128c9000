#pragma once

#include <expected>
#include <optional>
#include <string>

#include "tools/callstate/report/history.hpp"

namespace callstate::tools {

/// Which records of a history are asked for. What is not given leaves none out.
struct Filter {
  std::optional<call::UserId> user{};  // who acted, or was named
  std::optional<call::Time> from{};    // at or after
  std::optional<call::Time> to{};      // at or before
  std::optional<call::Outcome> outcome{};
};

/// `from` is not after `to`; the failure is a sentence.
std::expected<void, std::string> check(const Filter& filter);

[[nodiscard]] bool passes(const Filter& filter, const call::Record& record);

/// Leaves hidden what the filter does not pass. Trouble: nothing is left to show.
std::expected<void, Trouble> apply(const Filter& filter, History& history);

}  // namespace callstate::tools
