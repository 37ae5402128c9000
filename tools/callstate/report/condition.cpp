#include "tools/callstate/report/condition.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "core/call/error.hpp"
#include "core/engine/log_query.hpp"
#include "transports/json_concat.hpp"
#include "transports/text_values.hpp"

namespace callstate::tools {
namespace {

using transports::concat;

constexpr std::array<std::string_view, 14> keys{"type",    "user",   "by",   "device", "role",
                                                "outcome", "code",   "room", "tenant", "call",
                                                "state",   "status", "pos",  "seq"};
constexpr std::string_view active = "active";

bool is_number(std::string_view key) {
  return key == "pos" || key == "seq";
}

bool same(std::string_view a, std::string_view b) {
  const auto lower = [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  return std::ranges::equal(a, b, {}, lower, lower);
}

template <std::size_t... Index>
std::vector<std::string> names_of(std::index_sequence<Index...>) {
  return {std::string(call::type_of(call::Payload(std::in_place_index<Index>)))...};
}

std::string list_of(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += concat(text.empty() ? "" : ", ", name);
  return text;
}

/// The words that a key may be held against; nothing for those of clients' choice.
std::optional<std::vector<std::string>> words_of(std::string_view key) {
  if (key == "type") return event_types();
  if (key == "outcome") return std::vector<std::string>{"applied", "ignored", "refused"};
  if (key == "state") return std::vector<std::string>{"IDLE", "RINGING", "CONNECTED", "ENDED"};
  if (key == "role") {
    return std::vector<std::string>{"CRM_USER", "PORTAL_CUSTOMER", "AUDITOR", "SERVICE", "SYSTEM"};
  }
  if (key == "status") {
    return std::vector<std::string>{"active",   "RINGING",   "CONNECTED", "ENDED",
                                    "REJECTED", "CANCELLED", "MISSED",    "FAILED"};
  }
  return std::nullopt;
}

std::string value_of(std::string_view key, const call::Record& record, const call::Room* room) {
  if (key == "type") return std::string(type_of(record.payload));
  if (key == "by") return std::string(record.actor.user.view());
  if (key == "device") return std::string(record.actor.device.view());
  if (key == "role") return std::string(name_of(record.actor.role));
  if (key == "outcome") return std::string(name_of(record.outcome));
  if (key == "code" && record.outcome == call::Outcome::refused) {
    return std::string(name_of(record.refusal));
  }
  if (key == "room" && record.stream.kind == call::StreamKind::room) {
    return std::string(record.stream.name.view());
  }
  if (key == "tenant") return std::string(record.stream.tenant.view());
  if (key == "call" && !record.call.empty()) return call::to_string(record.call);
  if (key == "state" && room != nullptr) return std::string(name_of(room->state));
  if (key == "status" && room != nullptr) return std::string(call_status(*room));
  return {};
}

}  // namespace

const std::vector<std::string>& event_types() {
  static const auto names =
      names_of(std::make_index_sequence<std::variant_size_v<call::Payload>>());
  return names;
}

std::expected<Condition::Term, std::string> Condition::parse_term(std::string_view word) {
  constexpr std::array<std::pair<std::string_view, Compare>, 6> operators{
      {{"!=", Compare::unequal},
       {"<=", Compare::at_most},
       {">=", Compare::at_least},
       {"=", Compare::equal},
       {"<", Compare::less},
       {">", Compare::more}}};
  const auto at = word.find_first_of("!<>=");
  if (at == word.npos) {
    for (const auto& type : event_types()) {
      if (same(type, word)) return Term{.key = "type", .values = {type}};
    }
    return std::unexpected(concat("\"", word,
                                  "\" is no condition (write type=ACCEPTED, user=alice, ",
                                  "outcome=refused, status=active …)"));
  }
  Term term{.key = std::string(word.substr(0, at)), .values = {}};
  if (std::ranges::find(keys, term.key) == keys.end()) {
    return std::unexpected(concat("\"", term.key, "\" is nothing to look at: there are ",
                                  list_of({keys.begin(), keys.end()})));
  }
  auto rest = word.substr(at);
  const auto found = std::ranges::find_if(
      operators, [&](const auto& each) { return rest.starts_with(each.first); });
  if (found == operators.end()) return std::unexpected(concat("\"", word, "\" has a ! without ="));
  term.compare = found->second;
  rest.remove_prefix(found->first.size());
  if (rest.empty())
    return std::unexpected(concat("\"", word, "\" says nothing after ", found->first));
  if (is_number(term.key)) {
    const auto number = transports::parse_number(rest);
    if (!number) return std::unexpected(concat("\"", rest, "\" is no number, in ", word));
    term.number = *number;
    return term;
  }
  if (term.compare != Compare::equal && term.compare != Compare::unequal) {
    return std::unexpected(concat("only pos and seq can be less or more, not ", term.key));
  }
  const auto words = words_of(term.key);
  while (true) {
    const auto value = rest.substr(0, rest.find('|'));
    const auto fits = [&](const std::string& known) { return same(known, value); };
    if (words && std::ranges::none_of(*words, fits)) {
      return std::unexpected(
          concat("\"", value, "\" is no ", term.key, ": there are ", list_of(*words)));
    }
    term.values.emplace_back(value);
    if (value.size() == rest.size()) return term;
    rest.remove_prefix(value.size() + 1);
  }
}

std::expected<Condition, std::string> Condition::parse(std::string_view text) {
  Condition condition;
  while (!text.empty()) {
    const auto word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(text.size(), word.size() + 1));
    if (word.empty()) continue;
    auto term = parse_term(word);
    if (!term) return std::unexpected(term.error());
    condition.text_ += concat(condition.text_.empty() ? "" : " ", word);
    condition.terms_.push_back(*std::move(term));
  }
  if (condition.terms_.empty()) {
    return std::unexpected("a condition is needed (write type=ACCEPTED, user=alice …)");
  }
  return condition;
}

bool Condition::holds(const call::Record& record, const call::Room* room) const {
  return std::ranges::all_of(terms_, [&](const Term& term) { return holds(term, record, room); });
}

bool Condition::holds(const Term& term, const call::Record& record, const call::Room* room) {
  if (!is_number(term.key)) {
    return holds_for_one(term, record, room) == (term.compare == Compare::equal);
  }
  const std::uint64_t number = term.key == "pos" ? record.position : record.seq;
  switch (term.compare) {
    case Compare::equal:
      return number == term.number;
    case Compare::unequal:
      return number != term.number;
    case Compare::less:
      return number < term.number;
    case Compare::at_most:
      return number <= term.number;
    case Compare::more:
      return number > term.number;
    case Compare::at_least:
      return number >= term.number;
  }
  return false;
}

bool Condition::holds_for_one(const Term& term, const call::Record& record,
                              const call::Room* room) {
  const bool named = words_of(term.key).has_value() || term.key == "code" || term.key == "call";
  const auto value = value_of(term.key, record, room);
  return std::ranges::any_of(term.values, [&](const std::string& wanted) {
    if (term.key == "user") return engine::concerns(record, call::UserId::clipped(wanted));
    if (term.key == "status" && same(wanted, active)) return room != nullptr && room->live();
    // Names that people chose are told apart by their capitals.
    return named ? same(wanted, value) : wanted == value;
  });
}

}  // namespace callstate::tools
