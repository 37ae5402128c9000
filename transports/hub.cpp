#include "transports/hub.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <random>
#include <utility>

namespace callstate::transports {
namespace {

// The key of a user or a room: the tenant's length in one byte, the tenant, the
// name. The length keeps two tenants apart whatever bytes their names have.
class Key {
 public:
  Key(const call::TenantId& tenant, std::string_view name) {
    const auto head = tenant.view();
    bytes_[0] = static_cast<char>(head.size());
    if (!head.empty()) std::memcpy(bytes_ + 1, head.data(), head.size());
    if (!name.empty()) std::memcpy(bytes_ + 1 + head.size(), name.data(), name.size());
    size_ = 1 + head.size() + name.size();
  }
  explicit Key(const call::Stream& stream) : Key(stream.tenant, stream.name.view()) {}

  [[nodiscard]] std::string_view view() const { return {bytes_, size_}; }

  // The name in a stored key.
  static std::string_view name(std::string_view key) {
    return key.substr(1 + static_cast<std::uint8_t>(key[0]));
  }

 private:
  char bytes_[1 + call::TenantId::bytes_max + call::UserId::bytes_max];
  std::size_t size_ = 0;
};
static_assert(call::TenantId::bytes_max <= 255);

engine::KeyedTextHash random_hash() {
  std::random_device device;
  const auto word = [&device] { return (std::uint64_t{device()} << 32U) | device(); };
  return engine::KeyedTextHash({word(), word()});
}

}  // namespace

Hub::Hub(std::uint16_t number, const MediaTokens* media)
    : number_(number), media_(media), users_(0, random_hash()), rooms_(0, random_hash()) {}

void Hub::add(engine::SessionId id, Outlet& outlet, const call::TenantId& tenant,
              const call::UserId& user) {
  const Key key(tenant, user.view());
  auto known = users_.find(key.view());
  if (known == users_.end()) known = users_.emplace(key.view(), Users::mapped_type{}).first;
  auto& session = sessions_[id];
  assert(session.outlet == nullptr);  // ids are never reused
  session.id = id;
  session.outlet = &outlet;
  session.user = &*known;
  known->second.push_back(&session);
}

void Hub::remove(engine::SessionId id) {
  auto* session = find(id);
  if (session == nullptr) return;
  // Each is taken off the list first: a search for it would cost the square of
  // the rooms, of which a session may hear any number.
  for (auto* room : std::exchange(session->rooms, {})) drop_subscriber(*session, *room);
  auto& [key, sessions] = *session->user;
  std::erase(sessions, session);
  if (sessions.empty()) users_.erase(users_.find(key));
  sessions_.erase(id);
}

Outlet* Hub::outlet(engine::SessionId id) {
  auto* session = find(id);
  return session == nullptr ? nullptr : session->outlet;
}

bool Hub::belongs_to(engine::SessionId id, const call::TenantId& tenant,
                     const call::UserId& user) const {
  const auto found = sessions_.find(id);
  return found != sessions_.end() && found->second.user->first == Key(tenant, user.view()).view();
}

bool Hub::concerns(std::uint16_t number, const std::vector<engine::Effect>& effects) {
  const auto one = [number](const auto& effect) {
    if constexpr (requires { effect.session; }) {
      return engine::hub_of(effect.session) == number;
    } else if constexpr (requires { effect.to; }) {
      return engine::hub_of(effect.to) == number;
    } else {
      return true;
    }
  };
  return std::ranges::any_of(effects,
                             [&one](const auto& effect) { return std::visit(one, effect); });
}

void Hub::carry_out(const std::vector<engine::Effect>& effects) {
  answering_ = 0;
  for (const auto& effect : effects)
    std::visit([this](const auto& known) { carry(known); }, effect);
}

std::size_t Hub::flush(Sessions& sessions, std::size_t at_most) {
  for (; at_most != 0 && !sessions.empty(); --at_most) {
    auto& session = sessions.front();
    sessions.pop_front();
    session.urgent = false;
    session.outlet->flush();
  }
  return at_most;
}

void Hub::flush_urgent() {
  flush(urgent_, all);
}

void Hub::flush_answered(std::size_t at_most) {
  flush(answered_, flush(overdue_, at_most));
}

void Hub::flush_overdue() {
  flush(overdue_, all);
  overdue_.swap(answered_);
}

void Hub::flush() {
  flush_urgent();
  flush_answered();
}

void Hub::close_all(const engine::Close& close) {
  std::vector<engine::SessionId> ids;
  ids.reserve(sessions_.size());
  for (const auto& [id, session] : sessions_) ids.push_back(id);
  for (const auto id : ids)
    if (auto* session = find(id)) session->outlet->close(close);
}

void Hub::carry(const engine::Handled& effect) {
  answering_ = effect.session;
  if (engine::hub_of(effect.session) == number_ && unhandled_ != 0) --unhandled_;
}

void Hub::carry(const engine::Reply& effect) {
  auto* session = find(effect.to);
  if (session == nullptr) return;
  Outgoing message(effect.message, media_);
  send(*session, message);
}

void Hub::carry(const engine::Attach& effect) {
  auto* session = find(effect.session);
  if (session == nullptr) return;
  session->attached = true;
  session->inbox = effect.inbox;
  session->outlet->attached();
  touch(*session);
}

void Hub::carry(const engine::Subscribe& effect) {
  if (auto* session = find(effect.session)) subscribe(*session, effect.room, effect.lasting);
}

void Hub::carry(const engine::Unsubscribe& effect) {
  auto* session = find(effect.session);
  if (session == nullptr) return;
  const auto room = rooms_.find(Key(effect.room).view());
  if (room != rooms_.end()) unsubscribe(*session, *room);
}

void Hub::carry(const engine::Publish& effect) {
  const auto& record = effect.event.record;
  const auto& stream = record.stream;
  ++round_;
  Outgoing message(effect.event, media_);

  if (stream.kind == call::StreamKind::user) {
    const auto user = users_.find(Key(stream).view());
    if (user != users_.end())
      for (auto* session : user->second)
        if (session->inbox) send_once(*session, message);
    for (const auto& room : effect.rooms) send_to_room(room, message);
    return;
  }

  if (const auto* started = std::get_if<call::CallStarted>(&record.payload)) {
    subscribe_user(stream.tenant, started->caller, stream);
    for (const auto& callee : started->callees) subscribe_user(stream.tenant, callee, stream);
  } else if (const auto* invited = std::get_if<call::Invited>(&record.payload)) {
    for (const auto& callee : invited->callees) subscribe_user(stream.tenant, callee, stream);
  }
  send_to_room(stream, message);
  if (std::holds_alternative<call::Ended>(record.payload)) end_call(stream);
}

void Hub::carry(const engine::Resume& effect) {
  if (auto* session = find(effect.session)) session->outlet->resume(effect);
}

void Hub::carry(const engine::CloseSession& effect) {
  if (auto* session = find(effect.session)) session->outlet->close(effect.close);
}

Hub::Session* Hub::find(engine::SessionId id) {
  if (engine::hub_of(id) != number_) return nullptr;
  const auto found = sessions_.find(id);
  return found == sessions_.end() ? nullptr : &found->second;
}

void Hub::subscribe(Session& session, const call::Stream& room, bool lasting) {
  const Key key(room);
  auto known = rooms_.find(key.view());
  if (known == rooms_.end()) known = rooms_.emplace(key.view(), Rooms::mapped_type{}).first;
  auto& subscribers = known->second;
  // Both lists know, and either may be long: the shorter one is asked.
  const bool hears =
      session.rooms.size() < subscribers.size()
          ? std::ranges::find(session.rooms, &*known) != session.rooms.end()
          : std::ranges::find(subscribers, &session, &Subscription::session) != subscribers.end();
  if (!hears) {
    session.rooms.push_back(&*known);
    subscribers.push_back({&session, lasting});
    return;
  }
  if (lasting) std::ranges::find(subscribers, &session, &Subscription::session)->lasting = true;
}

void Hub::subscribe_user(const call::TenantId& tenant, const call::UserId& user,
                         const call::Stream& room) {
  const auto known = users_.find(Key(tenant, user.view()).view());
  if (known == users_.end()) return;
  for (auto* session : known->second)
    if (session->attached) subscribe(*session, room, false);
}

void Hub::unsubscribe(Session& session, Rooms::value_type& room) {
  if (std::erase(session.rooms, &room) != 0) drop_subscriber(session, room);
}

// Ends the room's entry too when nobody is left.
void Hub::drop_subscriber(Session& session, Rooms::value_type& room) {
  auto& subscribers = room.second;
  const auto found = std::ranges::find(subscribers, &session, &Subscription::session);
  *found = subscribers.back();
  subscribers.pop_back();
  if (subscribers.empty()) rooms_.erase(rooms_.find(room.first));
}

void Hub::end_call(const call::Stream& room) {
  const auto known = rooms_.find(Key(room).view());
  if (known == rooms_.end()) return;
  auto& subscribers = known->second;
  std::erase_if(subscribers, [known](const Subscription& subscription) {
    if (subscription.lasting) return false;
    std::erase(subscription.session->rooms, &*known);
    return true;
  });
  if (subscribers.empty()) rooms_.erase(known);
}

void Hub::send(Session& session, Outgoing& message) {
  session.outlet->send(message, Key::name(session.user->first));
  touch(session);
}

void Hub::touch(Session& session) {
  if (session.id == answering_) {
    if (!session.is_linked()) answered_.push_back(session);
    return;
  }
  if (std::exchange(session.urgent, true)) return;
  session.unlink();
  urgent_.push_back(session);
}

void Hub::send_once(Session& session, Outgoing& message) {
  if (session.reached_by == round_) return;
  session.reached_by = round_;
  send(session, message);
}

void Hub::send_to_room(const call::Stream& room, Outgoing& message) {
  const auto known = rooms_.find(Key(room).view());
  if (known == rooms_.end()) return;
  for (const auto& subscription : known->second) send_once(*subscription.session, message);
}

}  // namespace callstate::transports
