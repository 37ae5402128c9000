#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "tools/callstate/carry/fields.hpp"
#include "tools/callstate/carry/line.hpp"
#include "transports/json_concat.hpp"
#include "transports/json_document.hpp"
#include "transports/json_writer.hpp"
#include "transports/text_values.hpp"
#include "transports/websocket_frame.hpp"

namespace callstate::tools {
namespace {

using transports::concat;
using transports::JsonDocument;
using transports::JsonKind;
using transports::JsonValue;

constexpr JsonDocument::Limits limits{.depth_max = 4, .values_max = 4096};
constexpr std::size_t quoted_bytes_max = 64;

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::optional<std::string> from_hex(std::string_view hex) {
  if (hex.size() % 2 != 0) return std::nullopt;
  std::string bytes;
  bytes.reserve(hex.size() / 2);
  for (std::size_t i = 0; i < hex.size(); i += 2) {
    const int high = hex_value(hex[i]);
    const int low = hex_value(hex[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    bytes.push_back(static_cast<char>(high * 16 + low));
  }
  return bytes;
}

template <class Number>
bool read_number(const JsonValue& value, Number& number) {
  if (value.kind != JsonKind::number) return false;
  const auto* end = value.text.data() + value.text.size();
  const auto parsed = std::from_chars(value.text.data(), end, number);
  return parsed.ec == std::errc{} && parsed.ptr == end;
}

/// A text, or `{"hex": …}` of one that is not UTF-8, and only of such.
std::optional<std::string> read_text(const JsonValue& value) {
  if (value.kind == JsonKind::string) return std::string(value.text);
  const auto* hex = value.kind == JsonKind::object ? value.find("hex") : nullptr;
  if (hex == nullptr || hex->kind != JsonKind::string || value.size() != 1) return std::nullopt;
  auto bytes = from_hex(hex->text);
  return bytes && !transports::is_utf8(*bytes) ? bytes : std::nullopt;
}

call::KnownRole read_role(const JsonValue& value) {
  for (unsigned i = 0; value.kind == JsonKind::string; ++i) {
    const auto role = static_cast<call::Role>(i);
    if (name_of(role) == "?") break;
    if (name_of(role) == value.text) return role;
  }
  return std::nullopt;
}

/// Takes the members of one object, each once; keeps the first fault.
class TakeFields {
 public:
  TakeFields(const JsonValue& object, std::string_view within) : object_(object), within_(within) {}

  template <class Tag, std::size_t Max>
  void text(std::string_view key, Meaning, call::Text<Tag, Max>& to) {
    const auto text = take_text(key);
    const auto made = call::Text<Tag, Max>::from(text);
    if (!made) return fail(key, concat("is longer than ", std::to_string(Max), " bytes"));
    to = *made;
  }
  void text(std::string_view key, Meaning, std::string& to) { to = take_text(key); }
  void users(std::string_view key, std::vector<call::UserId>& to) {
    to.clear();
    const auto* value = take(key);
    if (value == nullptr) return;
    if (value->kind != JsonKind::array) return fail(key, "is no array");
    for (const JsonValue& each : *value) {
      const auto text = read_text(each);
      const auto user = text ? call::UserId::from(*text) : std::nullopt;
      if (!user) return fail(key, "holds what is no user's id");
      to.push_back(*user);
    }
  }
  void time(std::string_view key, call::Time& to) {
    to = {};
    const auto* value = take(key);
    if (value == nullptr) return;
    std::int64_t number = 0;
    if (read_number(*value, number)) {
      to = call::Time(call::Duration(number));
    } else if (const auto time = value->kind == JsonKind::string
                                     ? transports::parse_time(value->text)
                                     : std::nullopt) {
      to = *time;
    } else {
      fail(key, "is neither a time (RFC 3339) nor microseconds since 1970");
    }
  }
  /// May be left out where the first enumerator has no name.
  template <class Enum>
  void name(std::string_view key, Enum& to) {
    to = {};
    const auto* value = take(key);
    if (value == nullptr) {
      if (!name_of(Enum{}).empty()) fail(key, "is missing");
      return;
    }
    for (unsigned i = 0; value->kind == JsonKind::string; ++i) {
      const auto name = name_of(static_cast<Enum>(i));
      if (name == "?") break;
      to = static_cast<Enum>(i);
      if (name == value->text && !name.empty()) return;
    }
    fail(key, "has a value that this version does not know");
  }
  template <class Number>
  void number(std::string_view key, Number& to) {
    to = {};
    const auto* value = take(key);
    if (value != nullptr && !read_number(*value, to)) fail(key, "is no number that fits");
  }
  template <class Number>
  void needed_number(std::string_view key, Number& to) {
    if (object_.find(key) == nullptr) return fail(key, "is missing");
    number(key, to);
  }
  void roles(std::string_view key, std::vector<call::KnownRole>& to) {
    to.clear();
    const auto* value = take(key);
    if (value == nullptr) return;
    if (value->kind != JsonKind::array) return fail(key, "is no array");
    for (const JsonValue& each : *value) {
      const auto role = each.kind == JsonKind::null ? call::KnownRole() : read_role(each);
      if (each.kind != JsonKind::null && !role) return fail(key, "holds what is no role");
      to.push_back(role);
    }
  }
  void role(std::string_view key, call::KnownRole& to) {
    to.reset();
    const auto* value = take(key);
    if (value == nullptr) return;
    to = read_role(*value);
    if (!to) fail(key, "is no role");
  }
  /// All are zero where it is left out.
  template <std::size_t Size>
  void bytes(std::string_view key, std::array<std::uint8_t, Size>& to) {
    to = {};
    const auto* value = take(key);
    if (value == nullptr) return;
    const auto bytes = value->kind == JsonKind::string ? from_hex(value->text) : std::nullopt;
    if (!bytes || bytes->size() != Size)
      return fail(key, concat("is not ", std::to_string(Size), " bytes in hexadecimal"));
    std::ranges::copy(*bytes, to.begin());
  }
  void call_id(std::string_view key, call::CallId& to) {
    to = {};
    const auto* value = take(key);
    if (value == nullptr) return;
    const auto id =
        value->kind == JsonKind::string ? call::parse_call_id(value->text) : std::nullopt;
    if (!id || id->empty()) return fail(key, "is no call's id");
    to = *id;
  }
  /// The member, which must be there.
  const JsonValue* need(std::string_view key, JsonKind kind) {
    const auto* value = take(key);
    if (value != nullptr && value->kind == kind) return value;
    fail(key, value == nullptr ? "is missing" : "is not what it must be");
    return nullptr;
  }

  void fail(std::string_view key, std::string what) {
    if (!fault_) fault_ = LineFault{concat(within_, key), std::move(what)};
  }
  [[nodiscard]] bool failed() const { return fault_.has_value(); }

  /// The first fault; one is a member that nobody took.
  std::optional<LineFault> finish() {
    if (fault_ || object_.size() == taken_.size()) return std::move(fault_);
    for (const JsonValue& member : object_) {
      if (std::ranges::find(taken_, member.key) != taken_.end()) continue;
      fail(transports::printable(member.key, quoted_bytes_max),
           "is not known to this version, and would be lost");
    }
    return std::move(fault_);
  }

 private:
  const JsonValue* take(std::string_view key) {
    const auto* value = object_.find(key);
    if (value != nullptr) taken_.push_back(value->key);
    return value;
  }
  std::string take_text(std::string_view key) {
    const auto* value = take(key);
    if (value == nullptr) return {};
    auto text = read_text(*value);
    if (!text) fail(key, "is no text");
    return text ? *std::move(text) : std::string();
  }

  const JsonValue& object_;
  std::string_view within_;
  std::vector<std::string_view> taken_;
  std::optional<LineFault> fault_;
};

template <std::size_t... I>
bool set_type(std::string_view type, call::Payload& payload, std::index_sequence<I...>) {
  using Set = void (*)(call::Payload&);
  static const std::array<std::pair<std::string_view, Set>, sizeof...(I)> types{
      {{type_of(call::Payload(std::in_place_index<I>)),
        [](call::Payload& to) { to.emplace<I>(); }}...}};
  const auto* found = std::ranges::find(types, type, &std::pair<std::string_view, Set>::first);
  if (found == types.end()) return false;
  found->second(payload);
  return true;
}

std::optional<LineFault> read_event(std::string_view type, const JsonValue& event,
                                    call::Payload& payload) {
  if (!set_type(type, payload, std::make_index_sequence<std::variant_size_v<call::Payload>>())) {
    return LineFault{"type", concat("is ", transports::printable(type, quoted_bytes_max),
                                    ", which this version does not know")};
  }
  TakeFields fields(event, "event.");
  std::visit([&](auto& fact) { each_field(fact, fields); }, payload);
  return fields.finish();
}

}  // namespace

std::expected<void, LineFault> read_line(std::string_view line, call::Record& record,
                                         call::Hash& hash) {
  JsonDocument document(limits);
  if (const auto parsed = document.parse(line); !parsed) {
    return std::unexpected(LineFault{{}, "is no JSON that can be read: " + parsed.error()});
  }
  const JsonValue& object = *document.root();
  if (object.kind != JsonKind::object) return std::unexpected(LineFault{{}, "is no JSON object"});

  auto& [position, stream, seq, at, actor, message_id, call, outcome, refusal, payload, previous] =
      record;
  auto& [kind, tenant, name] = stream;
  auto& [user, role, device] = actor;
  TakeFields fields(object, {});
  fields.needed_number("pos", position);
  fields.name("stream", kind);
  fields.text("tenant", Meaning::tenant, tenant);
  fields.text("name", Meaning::user, name);
  fields.needed_number("seq", seq);
  fields.time("at", at);
  fields.text("by", Meaning::user, user);
  fields.name("role", role);
  fields.text("device", Meaning::device, device);
  fields.text("id", Meaning::message, message_id);
  fields.call_id("call", call);
  fields.name("outcome", outcome);
  refusal = call::ErrorCode::none;
  if (object.find("refusal") != nullptr) fields.name("refusal", refusal);
  const auto* type = fields.need("type", JsonKind::string);
  const auto* event = fields.need("event", JsonKind::object);
  fields.bytes("previous", previous);
  if (object.find("hash") == nullptr) fields.fail("hash", "is missing");
  fields.bytes("hash", hash);
  auto fault = fields.finish();
  if (!fault) fault = read_event(type->text, *event, payload);
  if (fault) return std::unexpected(*std::move(fault));
  return {};
}

}  // namespace callstate::tools
