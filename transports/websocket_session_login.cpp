#include <utility>

#include "transports/close_code.hpp"
#include "transports/text_values.hpp"
#include "transports/websocket_session.hpp"

// Whose session it is: by the token of the handshake, or of an AUTH, and by what a
// directory says of its user.

namespace callstate::transports {
namespace {

using engine::MessageOutcome;
using engine::MessageType;

constexpr std::string_view bad_room = "room name outside [A-Za-z0-9._:~-]{1,128}";
constexpr std::string_view invalid_token = "Invalid authentication token";

const call::RoomName no_room{};

engine::Close close_for(const AuthRefusal& refusal) {
  switch (refusal.kind) {
    case AuthRefusal::Kind::too_often:
      return {close_code::abuse, "too many failed authentications"};
    case AuthRefusal::Kind::unavailable:
      return {close_code::try_later, "the directory of users is away"};
    case AuthRefusal::Kind::bad:
      break;
  }
  return {close_code::unauthenticated, std::string(invalid_token)};
}

}  // namespace

void WebSocketSession::begin(const Upgrade& upgrade, const std::optional<AuthResult>& who) {
  if (state_ == State::closing) return;  // the server drains
  device_ = upgrade.device;
  since_ = upgrade.since;
  if (!who) {
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
  if (!*who) {
    turn_away(who->error(), {});
    return write_queued();
  }
  if (upgrade.room_path) {
    const auto room = call::parse_room_name(upgrade.room);
    if (!room) return close({close_code::not_allowed, std::string(bad_room)});
    room_ = std::make_unique<const call::RoomName>(*room);
  }
  open(**who);
  flush();
}

void WebSocketSession::open(const Identity& identity) {
  call::Sender sender{identity.tenant, identity.user, identity.role, {}, identity.name};
  sender.device = call::DeviceId::clipped(device_.empty() ? label() : device_);
  device_ = {};
  expires_at_ = identity.expires_at;
  issued_at_ = identity.issued_at;
  role_ = identity.role;
  state_ = State::open;
  no_longer_waits();
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

void WebSocketSession::no_longer_waits() {
  if (!std::exchange(counted_waiting_, false)) return;
  --server().unauthenticated;
}

void WebSocketSession::on_auth(const AuthRequest& request) {
  if (login_) {
    return reply(engine::Refusal{{call::ErrorCode::overloaded,
                                  "an AUTH of this session is still being looked into: send it "
                                  "again a little later"},
                                 request.id,
                                 {},
                                 {},
                                 {}});
  }
  auto verified = verify_token(server(), stream_.peer_address(), request.token);
  if (!verified) return on_authenticated(request.id, std::unexpected(verified.error()));
  if (verified->complete) return on_authenticated(request.id, std::move(verified->identity));
  no_longer_waits();  // it is the look-up that waits
  login_ = std::make_unique<Login>(Login{request.id, std::move(verified->identity), {}, {}});
  login_->asked = LookUp::begin(server(), thread(), login_->identity.user,
                                [this](const LookUp::Answer& answer) { on_looked_up(answer); });
  if (login_->asked) return;
  const auto login = std::move(login_);
  const auto answer = answer_of_before(server(), login->identity.user, std::string(too_many_wait));
  on_authenticated(login->id, settle(server(), stream_.peer_address(), login->identity, answer));
}

// From the thread itself: nobody else catches what is thrown.
void WebSocketSession::on_looked_up(const LookUp::Answer& answer) {
  auto login = std::move(login_);
  if (state_ == State::closing) return;
  on_authenticated(login->id,
                   settle(server(), stream_.peer_address(), std::move(login->identity), answer));
  read_held(login->held);
}

void WebSocketSession::on_authenticated(const call::MessageId& id, const AuthResult& who) {
  count(MessageType::auth, who ? MessageOutcome::applied : MessageOutcome::refused);
  if (state_ == State::waiting) {
    if (!who) return turn_away(who.error(), id);
    open(*who);
  } else if (!renew(id, who)) {
    return;
  }
  if (state_ == State::open && !id.empty())
    push(Opcode::text, std::make_shared<const std::string>(auth_ack(id)));
}

bool WebSocketSession::renew(const call::MessageId& id, const AuthResult& who) {
  // The present token still holds: no reason to end a call.
  if (!who) {
    if (who.error().kind == AuthRefusal::Kind::unavailable) {
      reply(come_back(who.error(), id));
    } else {
      refuse(call::ErrorCode::unauthenticated, "the token in AUTH is not valid", id, {});
    }
    return false;
  }
  // Older than the one that was let in, it may be one that has been revoked.
  if (who->issued_at < issued_at_) {
    refuse(call::ErrorCode::unauthenticated,
           "the token in AUTH was issued before the session's own", id, {});
    return false;
  }
  if (!thread().hub().belongs_to(id_, who->tenant, who->user)) {
    begin_closing({close_code::unauthenticated, "AUTH is for another user"});
    return false;
  }
  // The engine keeps the role of the session's opening.
  if (who->role != role_) {
    begin_closing({close_code::unauthenticated, "AUTH is for another role: connect anew"});
    return false;
  }
  expires_at_ = who->expires_at;
  return true;
}

void WebSocketSession::turn_away(const AuthRefusal& refusal, const call::MessageId& id) {
  if (refusal.kind == AuthRefusal::Kind::unavailable)
    push(Opcode::text, encode(come_back(refusal, id)));
  begin_closing(close_for(refusal));
}

engine::Refusal WebSocketSession::come_back(const AuthRefusal& refusal,
                                            const call::MessageId& id) const {
  return {{call::ErrorCode::directory_unavailable, std::string(directory_is_away)},
          id,
          room_ ? *room_ : no_room,
          {},
          static_cast<std::uint32_t>(refusal.retry_after.count())};
}

void WebSocketSession::read_held(std::string& held) {
  try {
    on_bytes(held);
    flush();  // what the look-up was answered, too
    while (stream_.is_open() && !holds_back() && stream_.holds_input()) read_arrived();
  } catch (const std::exception& failure) {
    log(Logger::Level::error, "ended", failure.what());
    abort();
  }
  watch_awaited();
}

}  // namespace callstate::transports
