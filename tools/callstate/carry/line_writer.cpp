#include <array>
#include <charconv>
#include <chrono>
#include <span>

#include "tools/callstate/carry/fields.hpp"
#include "tools/callstate/carry/line.hpp"
#include "transports/json_concat.hpp"
#include "transports/json_writer.hpp"
#include "transports/websocket_frame.hpp"

namespace callstate::tools {
namespace {

using transports::concat;
using transports::JsonWriter;

constexpr std::string_view hex_digits = "0123456789abcdef";

void append_hex(std::string& out, std::span<const std::uint8_t> bytes) {
  for (const auto byte : bytes) {
    out.push_back(hex_digits[byte >> 4U]);
    out.push_back(hex_digits[byte & 0x0FU]);
  }
}

/// Whether RFC 3339 has a way to say it.
bool in_years(call::Time time) {
  using namespace std::chrono;
  constexpr call::Time begin = sys_days(year(0) / 1 / 1);
  constexpr call::Time end = sys_days(year(10000) / 1 / 1);
  return time >= begin && time < end;
}

/// One field each; what is empty is left out.
class PutFields {
 public:
  PutFields(JsonWriter& to, std::string& out) : to_(to), out_(out) {}

  template <class Tag, std::size_t Max>
  void text(std::string_view key, Meaning, const call::Text<Tag, Max>& text) {
    put(key, text.view());
  }
  void text(std::string_view key, Meaning, const std::string& text) { put(key, text); }
  void users(std::string_view key, const std::vector<call::UserId>& users) {
    if (users.empty()) return;
    to_.begin_array(key);
    for (const auto& user : users) {
      if (transports::is_utf8(user.view())) {
        to_.text(user.view());
      } else {
        to_.begin_object();
        put_hex(user.view());
        to_.end_object();
      }
    }
    to_.end_array();
  }
  void time(std::string_view key, call::Time time) {
    if (time == call::Time{}) return;
    if (in_years(time)) return to_.time(key, time);
    to_.raw(key, std::to_string(time.time_since_epoch().count()));
  }
  template <class Enum>
  void name(std::string_view key, Enum value) {
    if (const auto name = name_of(value); !name.empty()) to_.text(key, name);
  }
  void number(std::string_view key, std::uint64_t number) {
    if (number != 0) to_.number(key, number);
  }
  /// One name each, `null` where none is known.
  void roles(std::string_view key, const std::vector<call::KnownRole>& roles) {
    if (roles.empty()) return;
    std::string names;
    for (const auto& role : roles) {
      names += names.empty() ? "[" : ",";
      names += role ? concat("\"", name_of(*role), "\"") : "null";
    }
    to_.raw(key, names + ']');
  }
  void role(std::string_view key, const call::KnownRole& role) {
    if (role) to_.text(key, name_of(*role));
  }
  /// In hexadecimal; left out where all are zero.
  template <std::size_t Size>
  void bytes(std::string_view key, const std::array<std::uint8_t, Size>& bytes) {
    if (bytes == std::array<std::uint8_t, Size>{}) return;
    to_.raw(key, "\"");
    append_hex(out_, bytes);
    out_.push_back('"');
  }

 private:
  void put(std::string_view key, std::string_view text) {
    if (text.empty()) return;
    if (transports::is_utf8(text)) return to_.text(key, text);
    to_.begin_object(key);
    put_hex(text);
    to_.end_object();
  }
  void put_hex(std::string_view text) {
    std::string hex;
    append_hex(hex, {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
    to_.text("hex", hex);
  }

  JsonWriter& to_;
  std::string& out_;
};

}  // namespace

std::string_view name_of(call::StreamKind kind) {
  constexpr std::array<std::string_view, 3> names{"room", "user", "server"};
  const auto index = static_cast<std::size_t>(kind);
  return index < names.size() ? names[index] : "?";
}

void write_line(std::string& out, const call::Record& record, const call::Hash& hash) {
  const auto& [position, stream, seq, at, actor, message_id, call, outcome, refusal, payload,
               previous] = record;
  const auto& [kind, tenant, name] = stream;
  const auto& [user, role, device] = actor;
  out.push_back('{');  // and nothing to separate it from the line before
  JsonWriter to(out);
  PutFields fields(to, out);
  to.number("pos", position);
  fields.name("stream", kind);
  fields.text("tenant", Meaning::tenant, tenant);
  fields.text("name", Meaning::user, name);
  to.number("seq", seq);
  fields.time("at", at);
  fields.text("by", Meaning::user, user);
  fields.name("role", role);
  fields.text("device", Meaning::device, device);
  fields.text("id", Meaning::message, message_id);
  if (!call.empty()) to.text("call", call::to_string(call));
  fields.name("outcome", outcome);
  if (refusal != call::ErrorCode::none) fields.name("refusal", refusal);
  to.text("type", type_of(payload));
  to.begin_object("event");
  std::visit([&](const auto& fact) { each_field(fact, fields); }, payload);
  to.end_object();
  fields.bytes("previous", previous);
  fields.bytes("hash", hash);
  to.end_object();
  out.push_back('\n');
}

std::string event_text(const call::Payload& payload) {
  std::string out(type_of(payload));
  out += " {";
  JsonWriter to(out);
  PutFields fields(to, out);
  std::visit([&](const auto& fact) { each_field(fact, fields); }, payload);
  out.push_back('}');
  return out;
}

}  // namespace callstate::tools
