#include "tools/callstate/demo_lanes.hpp"

#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "tools/callstate/report/wording.hpp"
#include "transports/json_writer.hpp"

namespace callstate::tools {
namespace {

namespace json = boost::json;

constexpr std::size_t type_width = 18;
constexpr std::array side_tones{Tone::accent, Tone::good, Tone::warning};

// What is worth a look, in this order; the rest is in `--json`.
constexpr std::array main_fields{"callState", "callerId",   "calleeId", "userId",
                                 "deviceId",  "acceptedBy", "endedBy",  "rejectedBy",
                                 "reason",    "duration",   "code",     "message"};

void append_value(std::string& text, const json::value& value) {
  if (const auto* string = value.if_string()) {
    text.append(string->data(), string->size());
  } else {
    text += json::serialize(value);
  }
}

std::string fields_of(const json::object& message) {
  std::string text;
  for (const char* name : main_fields) {
    const auto* value = message.if_contains(name);
    if (value == nullptr) continue;
    if (!text.empty()) text += "  ";
    text.append(name).append(" ");
    append_value(text, *value);
  }
  return text;
}

std::string place_of(const json::object& message) {
  std::string text;
  for (const char* name : {"seq", "pos"}) {
    if (const auto* value = message.if_contains(name)) {
      text.append(text.empty() ? "" : " ").append(name).append(" ");
      append_value(text, *value);
    }
  }
  return text;
}

std::string_view name_of(Direction direction) {
  switch (direction) {
    case Direction::note:
      return "note";
    case Direction::sent:
      return "sent";
    case Direction::received:
      return "received";
  }
  return "";
}

}  // namespace

DemoLanes::DemoLanes(std::vector<std::string> sides, Paint paint, bool json)
    : sides_(std::move(sides)), paint_(paint), json_(json) {
  for (const auto& side : sides_) width_ = std::max(width_, width_of(side));
}

std::string DemoLanes::line(const Sight& sight) const {
  const bool message = sight.direction != Direction::note;
  if (json_) {
    std::string text;
    transports::JsonWriter to(text);
    to.begin_object();
    to.number("milliseconds", static_cast<std::uint64_t>(sight.since_start.count()));
    to.text("side", sides_[sight.side]);
    to.text("direction", name_of(sight.direction));
    if (message) {
      to.raw("message", sight.text);
    } else {
      to.text("note", sight.text);
    }
    to.end_object();
    return text + '\n';
  }

  const std::string when = since(call::Time(), call::Time(sight.since_start));
  std::string text(when.size() < 9 ? 9 - when.size() : 0, ' ');
  text += paint_(Tone::dim, when) + "  " +
          paint_(side_tones[sight.side % side_tones.size()], sides_[sight.side]);
  text.append(width_ - width_of(sides_[sight.side]) + 2, ' ');
  if (!message) return text + paint_(Tone::dim, sight.text) + '\n';

  text += sight.direction == Direction::sent ? "→ " : "← ";
  boost::system::error_code error;
  const json::value parsed = json::parse(sight.text, error);
  const auto* object = parsed.if_object();
  if (error || object == nullptr) return text + printable(sight.text) + '\n';
  std::string type;
  if (const auto* value = object->if_contains("type")) append_value(type, *value);
  text += paint_(type == "ERROR" ? Tone::bad : Tone::bold, type);
  const std::string fields = fields_of(*object);
  const std::string place = place_of(*object);
  if (!fields.empty() || !place.empty()) {
    text.append(type.size() < type_width ? type_width - type.size() : 0, ' ');
  }
  if (!fields.empty()) text += "  " + printable(fields);
  if (!place.empty()) text += "  " + paint_(Tone::dim, place);
  return text + '\n';
}

}  // namespace callstate::tools
