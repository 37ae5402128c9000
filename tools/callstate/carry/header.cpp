#include "tools/callstate/carry/header.hpp"

#include <variant>

#include "transports/json_concat.hpp"
#include "transports/json_document.hpp"
#include "transports/json_writer.hpp"
#include "transports/text_values.hpp"

namespace callstate::tools {
namespace {

using transports::JsonDocument;
using transports::JsonKind;
using transports::JsonValue;
using transports::JsonWriter;

constexpr std::string_view footer_begins = R"({"records":)";
constexpr std::string_view footer_middle = R"(,"sha256":")";
constexpr std::string_view footer_ends = R"("})";
constexpr std::uint64_t format = 1;
constexpr std::string_view what_it_is = "log";
constexpr JsonDocument::Limits limits{.depth_max = 4, .values_max = 256};

void put_at(JsonWriter& to, std::string_view key, const std::optional<At>& at) {
  if (!at) return;
  if (const auto* position = std::get_if<call::Position>(&*at)) {
    to.number(key, *position);
  } else {
    to.time(key, std::get<call::Time>(*at));
  }
}

std::unexpected<LineFault> fault(std::string_view field, std::string_view what) {
  return std::unexpected(LineFault{std::string(field), std::string(what)});
}

bool read_at(const JsonValue& value, std::optional<At>& to) {
  if (value.kind == JsonKind::number) {
    const auto position = transports::parse_number(value.text);
    if (position) to = *position;
  } else if (value.kind == JsonKind::string) {
    const auto time = transports::parse_time(value.text);
    if (time) to = *time;
  }
  return to.has_value();
}

bool read_selection(const JsonValue& object, Selection& to) {
  if (object.kind != JsonKind::object) return false;
  for (const JsonValue& member : object) {
    const bool text = member.kind == JsonKind::string;
    if (member.key == "call" && text) {
      to.call = call::parse_call_id(member.text);
      if (!to.call) return false;
    } else if (member.key == "room" && text) {
      to.room = member.text;
    } else if (member.key == "tenant" && text) {
      to.tenant = member.text;
    } else if (member.key == "from") {
      if (!read_at(member, to.from)) return false;
    } else if (member.key == "to") {
      if (!read_at(member, to.to)) return false;
    } else {
      return false;
    }
  }
  return !to.all();
}

bool read_part(const JsonValue& array, std::vector<Selection>& to) {
  if (array.kind != JsonKind::array || array.size() == 0) return false;
  for (const JsonValue& each : array) {
    if (!read_selection(each, to.emplace_back())) return false;
  }
  return true;
}

std::optional<std::uint64_t> number_of(const JsonValue& value) {
  return value.kind == JsonKind::number ? transports::parse_number(value.text) : std::nullopt;
}

}  // namespace

std::string write_header(const Header& header) {
  std::string out;
  JsonWriter to(out);
  to.begin_object();
  to.text("callstate", what_it_is);
  to.number("format", format);
  to.text("logId", header.log_id);
  to.number("head", header.head);
  if (header.begins > 1) to.number("begins", header.begins);
  if (header.anonymised) to.boolean("anonymised", true);
  if (!header.part.empty()) to.begin_array("part");
  for (const auto& each : header.part) {
    to.begin_object();
    if (each.call) to.text("call", call::to_string(*each.call));
    if (!each.room.empty()) to.text("room", each.room);
    if (!each.tenant.empty()) to.text("tenant", each.tenant);
    put_at(to, "from", each.from);
    put_at(to, "to", each.to);
    to.end_object();
  }
  if (!header.part.empty()) to.end_array();
  to.end_object();
  out.push_back('\n');
  return out;
}

std::expected<Header, LineFault> read_header(std::string_view line) {
  JsonDocument document(limits);
  const auto parsed = document.parse(line);
  const auto* object = parsed ? document.root() : nullptr;
  const auto* what = object == nullptr ? nullptr : object->find("callstate");
  if (what == nullptr || what->text != what_it_is) {
    return fault({}, "does not begin an export of callstate");
  }
  Header header;
  for (const JsonValue& member : *object) {
    if (member.key == "callstate") continue;
    const auto number = number_of(member);
    if (member.key == "format") {
      if (number != format) {
        return fault("format", "is not 1: a newer version wrote this; import it with that one");
      }
    } else if (member.key == "logId") {
      if (!call::parse_call_id(member.text)) return fault("logId", "is no log's id");
      header.log_id = member.text;
    } else if (member.key == "head") {
      if (!number) return fault("head", "is no position");
      header.head = *number;
    } else if (member.key == "begins") {
      if (!number || *number < 2) return fault("begins", "is no position");
      header.begins = *number;
    } else if (member.key == "anonymised") {
      if (member.kind != JsonKind::boolean) return fault("anonymised", "is neither true nor false");
      header.anonymised = true;  // written only then
    } else if (member.key == "part") {
      if (!read_part(member, header.part)) return fault("part", "names no part of a log");
    } else {
      return fault(transports::printable(member.key, 64), "is not known to this version");
    }
  }
  if (object->find("format") == nullptr) return fault("format", "is missing");
  if (header.log_id.empty()) return fault("logId", "is missing");
  if (object->find("head") == nullptr) return fault("head", "is missing");
  if (header.begins > 1 && header.whole()) {
    return fault("begins", "is said of a whole log, which begins with 1");
  }
  return header;
}

std::string write_footer(const Footer& footer) {
  return transports::concat(footer_begins, footer.records, footer_middle, footer.lines, footer_ends,
                            "\n");
}

std::optional<Footer> read_footer(std::string_view line) {
  if (!line.starts_with(footer_begins) || !line.ends_with(footer_ends)) return std::nullopt;
  line = line.substr(footer_begins.size(), line.size() - footer_begins.size() - footer_ends.size());
  const auto middle = line.find(footer_middle);
  if (middle == line.npos) return std::nullopt;
  const auto records = transports::parse_number(line.substr(0, middle));
  if (!records) return std::nullopt;
  return Footer{*records, std::string(line.substr(middle + footer_middle.size()))};
}

}  // namespace callstate::tools
