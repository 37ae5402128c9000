#pragma once

#include <span>
#include <string_view>

#include "core/call/decide.hpp"

namespace callstate::tools {

/// One line of docs/domain.md, word by word: the heading it stands under, the first
/// cells of the row, and what the row says. `subject` is empty where it is no table.
struct Rule {
  std::string_view section;
  std::string_view subject;
  std::string_view says;
};

/// The rule that a verdict on a client's message rests on. `verdict` is decide's.
const Rule& rule_of(const call::Room& before, const call::Message& message,
                    const call::UserId& user, const call::Verdict& verdict);

/// The rule by which the server concludes such an event by itself.
const Rule& rule_of(const call::Room& before, const call::Record& concluded);

/// All there are: a test holds them against the page.
std::span<const Rule> all_rules();

}  // namespace callstate::tools
