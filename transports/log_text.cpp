#include "transports/log_text.hpp"

#include <algorithm>
#include <array>

#include "core/call/sentence.hpp"
#include "transports/codec.hpp"
#include "transports/http_parameters.hpp"
#include "transports/http_reading.hpp"
#include "transports/json_writer.hpp"

namespace callstate::transports {
namespace {

constexpr std::array<std::string_view, 3> stream_names{"room", "user", "server"};
static_assert(static_cast<std::size_t>(call::StreamKind::server) + 1 == stream_names.size());

/// `ENDED`, or `ENDED,REJECTED`.
bool read_types(std::string_view text, engine::LogQuery& query) {
  while (true) {
    const auto comma = std::min(text.find(','), text.size());
    const auto type = call::parse_type(text.substr(0, comma));
    if (!type) return false;
    query.types.set(*type);
    if (comma == text.size()) return true;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace

std::expected<LogRequest, std::string> read_log_request(const HttpRequest& request) {
  LogRequest read;
  auto& query = read.query;
  query.tenant = request.identity->tenant;
  const auto position = [](std::string_view text) { return parse_number(text); };
  Parameters parameters(request);
  parameters.read("after", "a position: a whole number, not negative", into(read.after, position));
  if (request.has_parameter("last")) parameters.count("last", log_page_max, read.last.emplace());
  parameters.count("limit", log_page_max, read.limit);
  parameters.read("room", "a room's name: [A-Za-z0-9._:~-]{1,128}",
                  into(query.room, call::parse_room_name));
  parameters.read("user", user_id_form, into(query.user, parse_user_id));
  parameters.read("call", "a call's id, a UUID", into(query.call, call::parse_call_id));
  parameters.read("type", "types of events, such as CALL_STARTED,ENDED",
                  [&](std::string_view text) { return read_types(text, query); });
  parameters.read("outcome", "one of applied, ignored and refused",
                  into(query.outcome, call::parse_outcome));
  if (read.after && read.last)
    parameters.refuse("last must not come with after: one of them says where to begin");
  if (!parameters.problem().empty()) return std::unexpected(parameters.problem());
  return read;
}

std::string record_text(const call::Record& record) {
  std::string text = encode(engine::Event{record}, {.everything = true});
  text.pop_back();  // the closing brace
  JsonWriter to(text);
  // Of the others the event says it itself.
  if (record.outcome == call::Outcome::applied) to.text("outcome", name_of(record.outcome));
  if (record.outcome == call::Outcome::refused)
    to.text("message", call::general_sentence(record.refusal));
  to.text("stream", stream_names[static_cast<std::size_t>(record.stream.kind)]);
  to.begin_object("actor");
  to.text("userId", record.actor.user.view());
  to.text("role", name_of(record.actor.role));
  if (!record.actor.device.empty()) to.text("deviceId", record.actor.device.view());
  to.end_object();
  if (!record.message_id.empty()) to.text("messageId", record.message_id.view());
  to.end_object();
  return text;
}

}  // namespace callstate::transports
