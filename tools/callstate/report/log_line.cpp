#include "tools/callstate/report/log_line.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <utility>

#include "tools/callstate/report/times.hpp"
#include "transports/json_concat.hpp"
#include "transports/text_values.hpp"

namespace callstate::tools {
namespace {

namespace json = boost::json;
using transports::concat;

/// Shown in columns of their own, or by what is there.
constexpr std::array<std::string_view, 14> common_fields{
    "type",    "roomName", "seq",    "pos",   "at",        "callId",  "by",
    "outcome", "code",     "stream", "actor", "messageId", "message", "deviceId"};

/// Of a column: lines are written one at a time, and cannot know of those to come.
constexpr std::size_t position_width = 7;
constexpr std::size_t place_width = 18;
constexpr std::size_t type_width = 18;
constexpr std::size_t actor_width = 22;
constexpr std::size_t outcome_width = 7;

std::string text_of(const json::object& record, std::string_view field) {
  const auto* value = record.if_contains(field);
  if (value == nullptr || value->is_null()) return {};
  const auto* text = value->if_string();
  return text == nullptr ? json::serialize(*value) : std::string(*text);
}

std::string padded(std::string text, std::size_t width) {
  text = printable(text);
  const auto taken = width_of(text);
  if (taken < width) text.append(width - taken, ' ');
  return text;
}

std::string time_of(const json::object& record) {
  const auto text = text_of(record, "at");
  const auto time = transports::parse_time(text);
  return time ? write_time(*time) : text;
}

/// Whose stream it is in.
std::string place_of(const json::object& record) {
  const auto stream = text_of(record, "stream");
  if (stream == "room") return text_of(record, "roomName");
  return stream == "user" ? concat("user ", text_of(record, "userId")) : stream;
}

std::string actor_of(const json::object& record) {
  const auto* value = record.if_contains("actor");
  const auto* actor = value == nullptr ? nullptr : value->if_object();
  if (actor == nullptr) return text_of(record, "by");
  const auto role = text_of(*actor, "role");
  if (role == "SYSTEM") return "system";
  const auto device = text_of(*actor, "deviceId");
  return concat(text_of(*actor, "userId"), " (", role, device.empty() ? "" : " ", device, ")");
}

/// What it says of its own, such as `reason=hangup duration=42`.
std::string details_of(const json::object& record) {
  std::string text = text_of(record, "message");
  const bool in_room = text_of(record, "stream") == "room";
  for (const auto& [key, value] : record) {
    const std::string_view field(key.data(), key.size());
    const bool shown = std::ranges::find(common_fields, field) != common_fields.end() &&
                       (in_room || field != "roomName");
    const bool says_nothing = value.is_null() ||
                              (value.is_string() && value.get_string().empty()) ||
                              (value.is_object() && value.get_object().empty());
    if (shown || says_nothing) continue;
    text += concat(text.empty() ? "" : " ", field, "=", text_of(record, field));
  }
  return text;
}

Tone tone_of_outcome(std::string_view outcome) {
  if (outcome == "refused") return Tone::bad;
  return outcome == "ignored" ? Tone::warning : Tone::dim;
}

}  // namespace

std::string render_log_line(std::string_view record, const Paint& paint) {
  boost::system::error_code error;
  const auto value = json::parse({record.data(), record.size()}, error);
  const auto* object = error ? nullptr : value.if_object();
  if (object == nullptr) return concat(printable(record), "\n");
  const auto outcome = text_of(*object, "outcome");
  const auto code = text_of(*object, "code");
  const bool applied = outcome == "applied";
  std::string position = text_of(*object, "pos");
  if (position.size() < position_width) position.insert(0, position_width - position.size(), ' ');
  std::string line = concat(
      paint(Tone::dim, time_of(*object)), " ", position, "  ",
      paint(Tone::accent, padded(place_of(*object), place_width)), "  ",
      paint(applied ? Tone::bold : Tone::plain, padded(text_of(*object, "type"), type_width)), "  ",
      padded(actor_of(*object), actor_width), "  ",
      paint(tone_of_outcome(outcome),
            padded(code.empty() ? outcome : concat(outcome, " ", code), outcome_width)));
  if (const auto details = details_of(*object); !details.empty())
    line += concat("  ", printable(details));
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

}  // namespace callstate::tools
