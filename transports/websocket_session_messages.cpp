#include <array>
#include <charconv>
#include <random>
#include <utility>

#include "transports/close_code.hpp"
#include "transports/overload.hpp"
#include "transports/websocket_session.hpp"

// What a session's messages mean: what is submitted and answered. Who it is, is in
// websocket_session_login.cpp; how bytes come and go, in websocket_session.cpp.

namespace callstate::transports {
namespace {

using engine::MessageOutcome;
using engine::MessageType;

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
