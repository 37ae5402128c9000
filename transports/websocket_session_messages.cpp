#include <array>
#include <charconv>
#include <random>
#include <utility>

#include "transports/authenticate.hpp"
#include "transports/close_code.hpp"
#include "transports/overload.hpp"
#include "transports/text_values.hpp"
#include "transports/websocket_session.hpp"

// What a session's messages mean: who it is, and what is submitted and answered.
// How bytes come and go is in websocket_session.cpp.

namespace callstate::transports {
namespace {

using engine::MessageOutcome;
using engine::MessageType;

constexpr std::string_view bad_room = "room name outside [A-Za-z0-9._:~-]{1,128}";
constexpr std::string_view missing_token = "Missing authentication token";
constexpr std::string_view invalid_token = "Invalid authentication token";

const call::RoomName no_room{};

std::string hex(std::uint64_t number) {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number, 16).ptr;
  return {digits.data(), end};
}

}  // namespace

// A device that says no name of its own is told apart by its session. Session
// ids begin anew with the process and labels stay in the log: the process is in
// the label, or a new device could pass for one that answered before a restart.
std::string WebSocketSession::label() const {
  static const std::string process = hex(std::random_device{}());
  return "s-" + process + "-" + hex(id_);
}

void WebSocketSession::begin(const Upgrade& upgrade) {
  if (state_ == State::closing) return;  // the server drains
  device_ = upgrade.device;
  since_ = upgrade.since;
  if (!upgrade.token) {
    if (upgrade.room_path) return close({close_code::unauthenticated, std::string(missing_token)});
    if (server().unauthenticated.fetch_add(1) >= server().settings.unauthenticated_max) {
      --server().unauthenticated;
      ++server().metrics.waiting_refused;
      return close({close_code::try_later, "too many connections wait for AUTH"});
    }
    counted_waiting_ = true;
    deadline_ = SteadyClock::now() + server().settings.websocket.auth_timeout;
    return;
  }
  const auto identity = verify(*upgrade.token);
  if (!identity) return close(identity.error());
  if (upgrade.room_path) {
    const auto room = call::parse_room_name(upgrade.room);
    if (!room) return close({close_code::not_allowed, std::string(bad_room)});
    room_ = std::make_unique<const call::RoomName>(*room);
  }
  open(*identity);
  flush();
}

std::expected<Identity, engine::Close> WebSocketSession::verify(std::string_view token) {
  auto identity = authenticate(server(), stream_.peer_address(), token);
  if (identity) return std::move(*identity);
  return std::unexpected(
      identity.error().too_often_for
          ? engine::Close{close_code::abuse, "too many failed authentications"}
          : engine::Close{close_code::unauthenticated, std::string(invalid_token)});
}

void WebSocketSession::open(const Identity& identity) {
  call::Sender sender{identity.tenant, identity.user, identity.role, {}, identity.name};
  sender.device = call::DeviceId::clipped(device_.empty() ? label() : device_);
  device_ = {};
  expires_at_ = identity.expires_at;
  issued_at_ = identity.issued_at;
  role_ = identity.role;
  state_ = State::open;
  if (counted_waiting_) {
    counted_waiting_ = false;
    --server().unauthenticated;
  }
  thread().hub().add(id_, *this, identity.tenant, identity.user);
  std::optional<call::RoomName> room;
  if (room_) room = *room_;
  const auto since = parse_number(since_);
  if (!since && !since_.empty()) {
    refuse(call::ErrorCode::invalid_message, "since must be a cursor: a whole number, not negative",
           {}, room_ ? *room_ : no_room);
  }
  since_ = {};
  thread().submit(engine::OpenSession{.session = id_,
                                      .sender = std::move(sender),
                                      .room = std::move(room),
                                      .since = since,
                                      .issued_at = identity.issued_at});
  known_to_engine_ = true;
  log(Logger::Level::debug, "opened by user", identity.user.view());
}

void WebSocketSession::on_auth(const AuthRequest& request) {
  const auto identity = verify(request.token);
  count(MessageType::auth, identity ? MessageOutcome::applied : MessageOutcome::refused);
  if (state_ == State::waiting) {
    if (!identity) return begin_closing(identity.error());
    open(*identity);
    if (state_ != State::open) return;
  } else {
    if (!identity) {
      // The present token still holds: no reason to end a call.
      return refuse(call::ErrorCode::unauthenticated, "the token in AUTH is not valid", request.id,
                    {});
    }
    // Older than the one that was let in, it may be one that has been revoked.
    if (identity->issued_at < issued_at_) {
      return refuse(call::ErrorCode::unauthenticated,
                    "the token in AUTH was issued before the session's own", request.id, {});
    }
    if (!thread().hub().belongs_to(id_, identity->tenant, identity->user))
      return begin_closing({close_code::unauthenticated, "AUTH is for another user"});
    // The engine keeps the role of the session's opening.
    if (identity->role != role_)
      return begin_closing({close_code::unauthenticated, "AUTH is for another role: connect anew"});
    expires_at_ = identity->expires_at;
  }
  if (!request.id.empty()) {
    push(Opcode::text, std::make_shared<const std::string>(auth_ack(request.id)));
  }
}

void WebSocketSession::on_message(std::string_view text) {
  auto decoded = decode(text, room_ ? *room_ : no_room);
  if (state_ == State::waiting) {
    const auto* request = decoded ? std::get_if<AuthRequest>(&*decoded) : nullptr;
    if (request == nullptr)
      return begin_closing({close_code::unauthenticated, std::string(missing_token)});
    return on_auth(*request);
  }
  if (!decoded) {
    const auto& failure = decoded.error();
    if (!within_rate(failure.id, failure.room)) return;
    count(MessageType::unknown, MessageOutcome::invalid);
    return reply(engine::Refusal{failure.error, failure.id, failure.room, {}, {}});
  }
  std::visit(Overload{
                 [this](call::Message& message) {
                   if (!within_rate(message.id, message.room, engine::type_of(message.body)))
                     return;
                   thread().submit(engine::Send{id_, std::move(message)});
                 },
                 [this](const JoinRequest& join) {
                   if (!within_rate(join.id, join.room, MessageType::join)) return;
                   thread().submit(engine::Join{id_, join.room, join.id, join.since});
                 },
                 [this](const LeaveRequest& request) {
                   if (!within_rate(request.id, request.room, MessageType::leave)) return;
                   thread().submit(engine::Leave{id_, request.room, request.id});
                 },
                 [this](const AuthRequest& request) {
                   if (within_rate(request.id, {}, MessageType::auth)) on_auth(request);
                 },
                 [this](const Ping& ping) {
                   if (!within_rate(ping.id, {}, MessageType::ping)) return;
                   count(MessageType::ping, MessageOutcome::applied);
                   push(Opcode::text, std::make_shared<const std::string>(pong(ping.id)));
                 },
             },
             *decoded);
}

void WebSocketSession::on_refused(const engine::Submission& submission) {
  const auto overloaded = [this](const call::MessageId& id, const call::RoomName& room) {
    refuse(call::ErrorCode::overloaded, "the server is overloaded: send it again a little later",
           id, room);
  };
  std::visit(Overload{
                 [this](const engine::OpenSession&) {
                   if (!std::exchange(known_to_engine_, false)) return;
                   thread().hub().remove(id_);
                   begin_closing({close_code::try_later, "overloaded"});
                 },
                 [&](const engine::Send& send) { overloaded(send.message.id, send.message.room); },
                 [&](const engine::Join& join) { overloaded(join.id, join.room); },
                 [&](const engine::Leave& leave) { overloaded(leave.id, leave.room); },
                 [](const auto&) {},  // sessions submit nothing else
             },
             submission);
  flush();
}

bool WebSocketSession::within_rate(const call::MessageId& id, const call::RoomName& room,
                                   MessageType type) {
  const auto& settings = server().settings.websocket;
  const auto now = SteadyClock::now();
  const auto taken = rate_.take(settings.messages, now);
  if (taken) return true;
  thread().metrics().too_many_messages.add();
  count(type, MessageOutcome::rate_limited);
  if (!refusals_.take(settings.refusals, now)) {
    log(Logger::Level::warning, "closed for abuse of the rate limit", {});
    begin_closing({close_code::abuse, "rate limit ignored"});
    return false;
  }
  reply(engine::Refusal{{call::ErrorCode::rate_limited, "too many messages: wait for retryAfterMs"},
                        id,
                        room,
                        {},
                        static_cast<std::uint32_t>(taken.error().count())});
  return false;
}

void WebSocketSession::reply(const engine::ServerMessage& message) {
  if (state_ == State::open) push(Opcode::text, encode(message));
}

void WebSocketSession::refuse(call::ErrorCode code, std::string_view sentence,
                              const call::MessageId& id, const call::RoomName& room) {
  reply(engine::Refusal{{code, std::string(sentence)}, id, room, {}, {}});
}

}  // namespace callstate::transports
