#include "transports/codec.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "core/engine/metrics.hpp"
#include "transports/codec_fields.hpp"
#include "transports/json_concat.hpp"
#include "transports/json_document.hpp"
#include "transports/json_writer.hpp"

namespace callstate::transports {
namespace {

using Need = FieldReader::Need;

using Type = engine::MessageType;

constexpr std::size_t type_quoted_bytes_max = 64;

std::optional<Type> find_type(std::string_view name) {
  const auto types =
      std::span(engine::message_type_names).first(static_cast<std::size_t>(Type::unknown));
  const auto found = std::ranges::find(types, name);
  if (found == types.end()) return std::nullopt;
  return static_cast<Type>(found - types.begin());
}

call::MessageBody read_signal(FieldReader& fields) {
  call::Signal signal;
  signal.to = fields.user("to", Need::required).value_or(call::UserId());
  signal.data = fields.opaque("data", Need::required);
  return signal;
}

/// A message's own fields; `sender` is the field in which the client may say
/// who it is.
ClientMessage read_message(FieldReader& fields, const call::RoomName& room,
                           const call::MessageId& id, std::string_view sender,
                           call::MessageBody body) {
  return call::Message{.room = room,
                       .id = id,
                       .sender = fields.user(sender, Need::optional),
                       .body = std::move(body)};
}

ClientMessage read_body(Type type, FieldReader& fields, const call::RoomName& room,
                        const call::MessageId& id) {
  const auto message = [&](std::string_view sender, call::MessageBody body) {
    return read_message(fields, room, id, sender, std::move(body));
  };
  switch (type) {
    case Type::call_started:
      return message("callerId", fields.start_call());
    case Type::ringing:
      return message("userId", call::Ring{});
    case Type::accepted:
      return message("acceptedBy", call::Accept{});
    case Type::rejected:
      return message("rejectedBy", call::Reject{fields.label("reason")});
    case Type::ended:
      return message("endedBy", call::End{fields.label("reason")});
    case Type::invited:
      return message("invitedBy", call::Invite{fields.callees()});
    case Type::signal:
      return message("from", read_signal(fields));
    case Type::join:
      return JoinRequest{.room = room, .id = id, .since = fields.position("since")};
    case Type::leave:
      return LeaveRequest{.room = room, .id = id};
    case Type::auth:
      return AuthRequest{.token = std::string(fields.text("token", Need::required)), .id = id};
    case Type::ping:
    case Type::unknown:  // has no name, and is not found
      break;
  }
  return Ping{id};
}

bool names_a_room(Type type) {
  return type != Type::auth && type != Type::ping;
}

DecodeFailure failure(call::ErrorCode code, std::string sentence) {
  return {.error = {.code = code, .message = std::move(sentence)}, .id = {}, .room = {}};
}

}  // namespace

namespace {

// `fault` is the document's: it is the first to be told of.
std::expected<ClientMessage, DecodeFailure> decode(const JsonValue& root, std::string fault,
                                                   const call::RoomName& default_room) {
  if (root.kind != JsonKind::object) {
    return std::unexpected(
        failure(call::ErrorCode::invalid_message, "a message must be a JSON object"));
  }

  FieldReader fields(root);
  if (!fault.empty()) fields.refuse(std::move(fault));
  const std::string_view name = fields.text("type", Need::required);
  const std::optional<Type> type = find_type(name);
  // Only a name that is there and well-formed can be unknown.
  const bool unknown = !type && fields.problem().empty();

  // These are read in any case: a refusal says to what it answers.
  const call::MessageId id = fields.message_id();
  const bool needs_room = type && names_a_room(*type);
  FieldReader optional_room(root);
  const call::RoomName room =
      needs_room ? fields.room(default_room) : optional_room.room(default_room);

  if (type && fields.problem().empty()) {
    ClientMessage message = read_body(*type, fields, room, id);
    if (fields.problem().empty()) return message;
  }
  DecodeFailure failed = failure(call::ErrorCode::invalid_message, fields.problem());
  if (unknown) {
    failed.error = {.code = call::ErrorCode::unknown_type,
                    .message = concat("unknown type ", printable(name, type_quoted_bytes_max))};
  }
  failed.id = id;
  failed.room = room;
  return std::unexpected(std::move(failed));
}

}  // namespace

std::expected<ClientMessage, DecodeFailure> decode(std::string_view text,
                                                   const call::RoomName& default_room) {
  JsonDocument document({.depth_max = json_depth_max});
  const auto parsed = document.parse(text);
  const JsonValue* root = document.root();
  if (root == nullptr) {
    return std::unexpected(failure(call::ErrorCode::invalid_message, parsed.error()));
  }
  return decode(*root, parsed ? std::string() : parsed.error(), default_room);
}

std::expected<ClientMessage, DecodeFailure> decode(const JsonValue& value,
                                                   const call::RoomName& default_room) {
  return decode(value, std::string(), default_room);
}

}  // namespace callstate::transports
