#include "transports/codec_fields.hpp"

#include <algorithm>

#include "transports/json_concat.hpp"
#include "transports/text_values.hpp"

namespace callstate::transports {
namespace {

bool has_control(std::string_view text) {
  return std::ranges::any_of(
      text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

bool has_nul(std::string_view text) {
  return text.find('\0') != std::string_view::npos;
}

/// Of valid UTF-8.
std::ptrdiff_t characters(std::string_view text) {
  return std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; });
}

bool has(const std::vector<call::UserId>& users, const call::UserId& user) {
  return std::ranges::find(users, user) != users.end();
}

}  // namespace

const JsonValue* FieldReader::find(std::string_view field, Need need) {
  const JsonValue* value = object_.find(field);
  if (value != nullptr && value->kind != JsonKind::null) return value;
  if (need == Need::required) refuse(concat(field, " is missing"));
  return nullptr;
}

std::string_view FieldReader::text(std::string_view field, Need need) {
  const JsonValue* value = find(field, need);
  if (value == nullptr) return {};
  if (value->kind != JsonKind::string) {
    refuse(concat(field, " must be a string"));
    return {};
  }
  if (value->text.empty() && need == Need::required) {
    refuse(concat(field, " must not be empty"));
  }
  return value->text;
}

std::string FieldReader::label(std::string_view field) {
  const std::string_view given = text(field, Need::optional);
  if (given.size() > call::label_bytes_max) {
    refuse(concat(field, ": at most ", call::label_bytes_max, " bytes"));
    return {};
  }
  if (has_nul(given)) refuse(concat(field, " must not contain a NUL character"));
  return std::string(given);
}

std::optional<call::UserId> FieldReader::user(const JsonValue& value, std::string_view name) {
  std::optional<call::UserId> made;
  if (value.kind != JsonKind::string) {
    refuse(concat(name, " must be a string"));
  } else if (value.text.empty()) {
    refuse(concat(name, " must not be empty"));
  } else if (has_control(value.text)) {
    refuse(concat(name, " must not contain NUL or other control characters"));
  } else if (made = call::UserId::from(value.text); !made) {
    refuse(concat(name, ": at most ", call::UserId::bytes_max, " bytes"));
  }
  return made;
}

std::optional<call::UserId> FieldReader::user(std::string_view field, Need need) {
  const JsonValue* value = find(field, need);
  return value == nullptr ? std::nullopt : user(*value, field);
}

std::vector<call::UserId> FieldReader::callees() {
  std::vector<call::UserId> made;
  const std::optional<call::UserId> single = user("calleeId", Need::optional);
  const JsonValue* list = find("calleeIds", Need::optional);
  if (list == nullptr) {
    if (single) made.push_back(*single);
    if (made.empty()) refuse("calleeId or calleeIds is missing");
    return made;
  }
  if (list->kind != JsonKind::array) {
    refuse("calleeIds must be an array of strings");
    return made;
  }
  const std::size_t count = list->size();
  if (count == 0 || count > call::callees_max) {
    refuse(concat("calleeIds must hold 1 to ", call::callees_max, " ids, not ", count));
    return made;
  }
  made.reserve(count);
  for (const JsonValue& each : *list) {
    const std::string name = concat("calleeIds[", made.size(), "]");
    const std::optional<call::UserId> callee = user(each, name);
    if (!callee) return made;
    if (has(made, *callee)) refuse(concat(name, " is a repeat"));
    made.push_back(*callee);
  }
  if (single && !has(made, *single)) {
    refuse("calleeId must be one of calleeIds where both are given");
  }
  return made;
}

call::StartCall FieldReader::start_call() {
  call::StartCall start;
  start.callees = callees();
  start.caller_name = label("callerName");
  start.callee_name = label("calleeName");
  start.metadata = opaque("metadata", Need::optional);
  return start;
}

call::MessageId FieldReader::message_id() {
  const JsonValue* value = find("id", Need::optional);
  if (value == nullptr) return {};
  if (value->kind != JsonKind::string) {
    refuse("id must be a string");
  } else if (value->text.empty()) {
    refuse("id must not be empty; leave it out for a message without an answer");
  } else if (has_nul(value->text)) {
    refuse("id must not contain a NUL character");
  } else if (characters(value->text) > static_cast<int>(call::message_id_characters_max)) {
    refuse(concat("id: at most ", call::message_id_characters_max, " characters"));
  } else {
    return call::MessageId::clipped(value->text);
  }
  return {};
}

call::RoomName FieldReader::room(const call::RoomName& fallback) {
  const Need need = fallback.empty() ? Need::required : Need::optional;
  const JsonValue* value = find("roomName", need);
  if (value == nullptr) return fallback;
  if (value->kind != JsonKind::string) {
    refuse("roomName must be a string");
    return {};
  }
  if (const auto name = call::parse_room_name(value->text)) return *name;
  refuse(concat("roomName must be 1 to ", call::RoomName::bytes_max,
                " of the characters A-Z a-z 0-9 . _ : ~ -"));
  return {};
}

std::optional<call::Position> FieldReader::position(std::string_view field) {
  const JsonValue* value = find(field, Need::optional);
  if (value == nullptr) return std::nullopt;
  if (const auto position = parse_number(value->text); position && value->kind == JsonKind::number)
    return position;
  refuse(concat(field, " must be a cursor: a whole number, not negative"));
  return std::nullopt;
}

std::string FieldReader::opaque(std::string_view field, Need need) {
  std::string made;
  const JsonValue* value = find(field, need);
  if (value == nullptr) return made;
  if (value->kind != JsonKind::object) {
    refuse(concat(field, " must be an object"));
    return made;
  }
  append_compact(*value, made);
  if (made.size() > call::opaque_bytes_max) {
    refuse(concat(field, ": at most ", call::opaque_bytes_max, " bytes"));
    made.clear();
  }
  return made;
}

}  // namespace callstate::transports
