#include <openssl/evp.h>
#include <boost/asio/post.hpp>

#include <random>
#include <utility>

#include "core/call/evolve.hpp"
#include "core/engine/beginning.hpp"
#include "transports/answers.hpp"
#include "transports/codec_fields.hpp"
#include "transports/http_api.hpp"
#include "transports/http_reading.hpp"
#include "transports/json_writer.hpp"
#include "transports/text_values.hpp"
#include "transports/utc_now.hpp"

// What the CRM's back end asks for.

namespace callstate::transports {
namespace {

using Need = FieldReader::Need;

constexpr std::string_view bad_room = "the room's name must be [A-Za-z0-9._:~-]{1,128}";
const std::string& bad_user() {
  static const std::string sentence = std::string("the user's id must be ").append(user_id_form);
  return sentence;
}

HttpResponse refuse(std::string_view sentence) {
  return problem(400, "INVALID_MESSAGE", sentence);
}

/// 128 bits as a UUID of version 8 (RFC 9562): of a hash of `seed`, so that a
/// request that is repeated names the same room; without one by chance.
std::string uuid_of(std::string_view seed) {
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> hash{};
  if (seed.empty()) {
    std::random_device random;
    for (std::size_t i = 0; i < 16; ++i) hash[i] = static_cast<std::uint8_t>(random());
  } else {
    unsigned size = 0;
    EVP_Digest(seed.data(), seed.size(), hash.data(), &size, EVP_sha256(), nullptr);
  }
  call::CallId id;
  std::copy_n(hash.begin(), id.bytes.size(), id.bytes.begin());
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0FU) | 0x80U);
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3FU) | 0x80U);
  return call::to_string(id);
}

/// A room of the server's own: `<tenant>-call-<uuid>`.
call::RoomName own_room(const Identity& who, const call::MessageId& id) {
  constexpr std::size_t tenant_bytes_max = call::RoomName::bytes_max - 42;
  constexpr std::string_view allowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:~-";
  std::string name(who.tenant.view().substr(0, tenant_bytes_max));
  for (char& c : name)
    if (allowed.find(c) == allowed.npos) c = '-';
  std::string seed;
  if (!id.empty()) seed = key_of(who).append(1, '\0').append(id.view());
  return call::RoomName::clipped(name.append("-call-").append(uuid_of(seed)));
}

/// The body's object, where there has to be one or may be none.
struct Body {
  JsonDocument document{{.depth_max = json_depth_max}};
  std::optional<JsonValue> none;  // of an empty body
  const JsonValue* object = nullptr;

  std::optional<HttpResponse> read(const HttpRequest& request, bool needed) {
    if (auto refusal = refuse_unless_json(request)) return refusal;
    if (request.body.empty() && !needed) {
      none.emplace().kind = JsonKind::object;
      object = &*none;
      return std::nullopt;
    }
    if (auto parsed = document.parse(request.body); !parsed)
      return transports::refuse("the body: " + parsed.error());
    object = document.root();
    if (object->kind != JsonKind::object) return transports::refuse("the body must be an object");
    return std::nullopt;
  }
};

call::MessageId idempotency(FieldReader& fields, const HttpRequest& request) {
  auto id = fields.message_id();
  if (!id.empty()) return id;
  const auto key = request.field("idempotency-key");
  if (key.size() > call::message_id_characters_max) {
    fields.refuse("Idempotency-Key must have at most 64 characters");
    return {};
  }
  return call::MessageId::clipped(without_controls(key, call::MessageId::bytes_max));
}

/// The message that a step's path stands for: its last segment is the verb.
engine::MessageType message_of(std::string_view verb) {
  using Type = engine::MessageType;
  constexpr std::array<std::pair<std::string_view, Type>, 5> verbs{{{"start", Type::call_started},
                                                                    {"ringing", Type::ringing},
                                                                    {"accept", Type::accepted},
                                                                    {"reject", Type::rejected},
                                                                    {"end", Type::ended}}};
  const auto found = std::ranges::find(verbs, verb, [](const auto& each) { return each.first; });
  return found == verbs.end() ? Type::unknown : found->second;
}

}  // namespace

// Each leaves a record, also when it is refused: whoever floods would fill the disk. A
// service acts for the users of its whole tenant, and is trusted with their number.
std::optional<HttpResponse> HttpApi::refuse_hasty_step(const HttpRequest& request) {
  const auto& who = *request.identity;
  if (who.role == call::Role::service) return std::nullopt;
  const auto taken = server_.posted.take(key_of(who), SteadyClock::now());
  if (taken) return std::nullopt;
  auto& metrics = thread_.metrics();
  metrics.too_many_messages.add();
  metrics.messages.add(message_of(request.segments.back()), engine::MessageOutcome::rate_limited);
  return too_often("too many messages of this user", taken.error());
}

Task<HttpResponse> HttpApi::start_call(const HttpRequest& request) {
  Body body;
  if (auto refusal = body.read(request, true)) co_return std::move(*refusal);
  FieldReader fields(*body.object);
  auto start = fields.start_call();
  call::Message message;
  message.sender = fields.user("callerId", Need::optional);
  message.id = idempotency(fields, request);
  message.room = fields.room(own_room(*request.identity, message.id));
  if (!fields.problem().empty()) co_return refuse(fields.problem());
  const call::RoomName room = message.room;
  message.body = std::move(start);
  const auto ack = co_await send(request, std::move(message));
  if (!ack) co_return ack.error();

  // A repeat, whatever it says, is answered with what the first one has started.
  const auto record = co_await read_record(ack->position);
  const auto* started = record ? std::get_if<call::CallStarted>(&record->payload) : nullptr;
  if (started == nullptr)
    co_return problem(409, "WRONG_STATE", "this id was another message's in this room");
  // By then the call may be over.
  bool in_call = !ack->duplicate;
  if (ack->duplicate) {
    Answers answers(thread_, request.identity->tenant, request.identity->user);
    (void)co_await ask(request, answers, engine::Ask::OneRoom{room});
    const auto* state = answers.find<engine::RoomState>();
    in_call = state != nullptr && state->room.call == record->call &&
              takes_part(state->room, started->caller.view());
  }
  HttpResponse response{201, "application/json", {}, {}};
  JsonWriter to(response.body);
  to.begin_object();
  to.text("roomName", room.view());
  to.text("callLogId", call::to_string(record->call));
  to.begin_object("calleeInfo");
  to.text("id", started->callees.front().view());
  started->callee_name.empty() ? to.null("name") : to.text("name", started->callee_name);
  const auto role =
      started->callee_roles.empty() ? call::KnownRole{} : started->callee_roles.front();
  role ? to.text("role", name_of(*role)) : to.null("role");
  to.end_object();
  if (in_call && server_.ports.media != nullptr && !started->media_room.empty()) {
    to.text("callerToken", server_.ports.media->mint({.media_room = started->media_room,
                                                      .identity = started->caller.view(),
                                                      .name = started->caller_name,
                                                      .role = call::CallRole::caller,
                                                      .call = record->call,
                                                      .room = room.view()},
                                                     utc_now()));
    to.text("mediaUrl", server_.ports.media->url());
  } else {
    to.null("callerToken");
    to.null("mediaUrl");
  }
  to.number("seq", ack->seq);
  to.number("pos", ack->position);
  to.boolean("duplicate", ack->duplicate);
  to.end_object();
  co_return response;
}

Task<HttpResponse> HttpApi::act_in_call(const HttpRequest& request, std::string room,
                                        std::string verb) {
  const auto name = call::parse_room_name(room);
  if (!name) co_return refuse(bad_room);
  Body body;
  if (auto refusal = body.read(request, false)) co_return std::move(*refusal);
  FieldReader fields(*body.object);
  call::Message message;
  message.room = *name;
  message.id = idempotency(fields, request);
  message.sender = fields.user("userId", Need::optional);
  const auto also_by = [&](std::string_view field) {
    const auto who = fields.user(field, Need::optional);
    if (who && message.sender && *who != *message.sender)
      fields.refuse(std::string(field) + " and userId name two users");
    if (who) message.sender = who;
  };
  if (verb == "ringing") {
    message.body = call::Ring{};
  } else if (verb == "accept") {
    also_by("acceptedBy");
    message.body = call::Accept{};
  } else if (verb == "reject") {
    also_by("rejectedBy");
    message.body = call::Reject{fields.label("reason")};
  } else if (verb == "end") {
    also_by("endedBy");
    message.body = call::End{fields.label("reason")};
  } else {
    co_return problem(404, {}, "a call takes ringing, accept, reject and end");
  }
  if (!fields.problem().empty()) co_return refuse(fields.problem());
  const auto ack = co_await send(request, std::move(message));
  if (!ack) co_return ack.error();
  HttpResponse response;
  response.body = encode(*ack);
  co_return response;
}

Task<HttpResponse> HttpApi::room_state(const HttpRequest& request, std::string room) {
  const auto name = call::parse_room_name(room);
  if (!name) co_return refuse(bad_room);
  std::optional<call::Position> position;
  std::optional<call::Time> time;
  if (request.has_parameter("at")) {
    position = parse_number(request.parameter("at"));
    time = parse_query_time(request.parameter("at"));
    if (!position && !time)
      co_return refuse("at must be a position, or a time such as 2026-11-26T18:03:16Z");
    if (position && *position > server_.ports.mailbox.head())
      co_return refuse("at lies beyond the log's end");
  }
  Answers answers(thread_, request.identity->tenant, request.identity->user);
  engine::Ask::What what = engine::Ask::OneRoom{*name};
  auto refused = co_await ask(request, answers, std::move(what));
  if (refused) co_return std::move(*refused);
  HttpResponse response;
  if (!position && !time) {
    response.body = encode(*answers.find<engine::RoomState>(), viewer(request));
    co_return response;
  }
  const auto then = co_await room_as_of(request.identity->tenant, *name, position, time);
  if (!then) co_return then.error();
  if (then->state == call::CallState::idle)
    co_return problem(404, "ROOM_NOT_FOUND", "there had been no call in this room by then");
  response.body = encode(engine::RoomState{*name, *then});
  co_return response;
}

Task<HttpResponse> HttpApi::presence(const HttpRequest& request, std::string user) {
  const auto id = parse_user_id(user);
  if (!id) co_return refuse(bad_user());
  Answers answers(thread_, request.identity->tenant, request.identity->user);
  engine::Ask::What what = engine::Ask::PresenceOf{*id};
  auto refused = co_await ask(request, answers, std::move(what));
  if (refused) co_return std::move(*refused);
  HttpResponse response;
  response.body = encode(*answers.find<engine::Presence>());
  co_return response;
}

Task<HttpResponse> HttpApi::revoke(const HttpRequest& request, std::string user) {
  const auto id = parse_user_id(user);
  if (!id) co_return refuse(bad_user());
  Answers answers(thread_, request.identity->tenant, request.identity->user);
  engine::Revoke revoke{requester(request, answers.id()), *id};
  if (!server_.ports.inbox.submit(std::move(revoke))) co_return overloaded();
  const bool came = co_await answers.wait_for(1);
  if (!came) co_return overloaded();
  if (const auto* refusal = answers.refusal()) co_return problem(*refusal);
  const auto position = answers.find<engine::Ack>()->position;
  const auto record = co_await read_record(position);
  const auto* revoked = record ? std::get_if<call::Revoked>(&record->payload) : nullptr;
  HttpResponse response;
  JsonWriter to(response.body);
  to.begin_object();
  to.text("userId", id->view());
  if (revoked != nullptr) to.time("revokedBefore", revoked->before);
  to.number("pos", position);
  to.end_object();
  co_return response;
}

Task<HttpResponse> HttpApi::report_media(const HttpRequest& request, const WebhookToken& token) {
  auto report = parse_webhook(request.body, token);
  if (!report) {
    const bool ours = report.error().authentic;
    server_.ports.logger(Logger::Level::warning,
                         "a webhook of the media server was refused: " + report.error().reason);
    co_return ours ? refuse("this webhook cannot be read: " + report.error().reason)
                   : problem(401, "UNAUTHENTICATED", "this webhook's signature is not good");
  }
  HttpResponse response;
  response.body = "{}";
  if (report->media_room.empty()) co_return response;  // of no room
  Answers answers(thread_, {}, {});
  engine::ReportMedia what{answers.id(), report->media_room, report->id, report->said};
  if (!server_.ports.inbox.submit(std::move(what))) co_return overloaded();
  const bool came = co_await answers.wait_for(1);
  if (!came) co_return overloaded();
  const auto* refusal = answers.refusal();
  if (refusal == nullptr) co_return response;
  // Of a room that is none of ours: nothing that sending it again would mend.
  if (refusal->error.code == call::ErrorCode::room_not_found) co_return response;
  co_return problem(*refusal);
}

Task<std::optional<call::Record>> HttpApi::read_record(call::Position position) {
  std::optional<call::Record> found;
  auto job = [&] {
    (void)server_.ports.log.read(position, position,
                                 [&](const call::Record& record, const engine::RecordHash&) {
                                   found = record;
                                   return true;
                                 });
  };
  co_await on_reader(job);
  co_return found;
}

namespace {

/// Of a log from which something was dropped.
call::Room state_at_beginning(const engine::LogReader& log, const call::TenantId& tenant,
                              const call::RoomName& name) {
  const auto beginning = log.beginning();
  const call::Stream stream{call::StreamKind::room, tenant, call::UserId::clipped(name.view())};
  const auto* found = beginning ? beginning->find(stream) : nullptr;
  const auto* room = found == nullptr ? nullptr : std::get_if<call::Room>(&found->state);
  return room == nullptr ? call::Room{} : *room;
}

}  // namespace

// By the mailbox, which knows all that changes a room: its applied events, and while
// a call is live the starts of the server.
Task<HttpApi::Or<call::Room>> HttpApi::room_as_of(const call::TenantId& tenant,
                                                  const call::RoomName& name,
                                                  std::optional<call::Position> position,
                                                  std::optional<call::Time> time) {
  const auto first = server_.ports.log.first();
  auto room = state_at_beginning(server_.ports.log, tenant, name);
  bool gone = position && *position + 1 < first;
  std::optional<engine::Failure> failure;
  auto job = [&] {
    const auto& mailbox = server_.ports.mailbox;
    const auto upto = position.value_or(mailbox.head());
    const auto positions = mailbox.find(std::vector{mailbox.room(tenant, name)}, first - 1, upto);
    auto read = server_.ports.log.read_at(
        positions, [&](const call::Record& record, const engine::RecordHash&) {
          if (time && record.at > *time) return false;
          if (record.stream.kind != call::StreamKind::user) call::evolve(room, record);
          return true;
        });
    if (read && time && first > 1) {
      read = server_.ports.log.read(first, first, [&](const call::Record& record, const auto&) {
        gone = *time < record.at;
        return false;
      });
    }
    if (!read) failure = read.error();
  };
  co_await on_reader(job);
  if (gone && !failure) {
    co_return std::unexpected(
        problem(410, "CURSOR_EXPIRED", "the log no longer holds what was then"));
  }
  if (failure) {
    server_.ports.logger(Logger::Level::error, "a room cannot be read: " + failure->message);
    co_return std::unexpected(problem(500, "INTERNAL", "the log cannot be read"));
  }
  co_return room;
}

}  // namespace callstate::transports
