#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/call/decide.hpp"
#include "core/call/evolve.hpp"

namespace callstate::call {

inline UserId user(std::string_view name) {
  return UserId::clipped(name);
}

inline StartCall start(std::vector<std::string_view> callees) {
  StartCall body;
  for (const auto callee : callees) body.callees.push_back(user(callee));
  return body;
}

inline Invite invite(std::vector<std::string_view> callees) {
  return {start(std::move(callees)).callees};
}

/// One room with its log under a hand-set clock: decides, records and folds as
/// the engine does, and lets a test look at every part.
class World {
 public:
  Room room;
  std::vector<Record> log;
  Time now = Time(std::chrono::hours(24 * 365 * 50));
  Rules rules;
  std::set<std::string, std::less<>> offline;
  /// Answers Context::ringing_room: caller and callee to room.
  std::map<std::pair<std::string, std::string>, std::string> ringing_rooms;
  Role role = Role::crm_user;
  std::string media_room;                                // Context::media_room
  std::map<std::string, Role, std::less<>> known_roles;  // Context::role_of
  std::optional<UserId> claimed;                         // Message::sender of the next message

  Verdict send(std::string_view who, MessageBody body, std::string_view device = "phone") {
    const Message message{
        RoomName::clipped("room"), {}, std::exchange(claimed, std::nullopt), std::move(body)};
    const Sender sender{TenantId::clipped("acme"), user(who), role, DeviceId::clipped(device),
                        std::string("Name of ").append(who)};
    auto verdict = with_context([&](const Context& c) { return decide(room, message, sender, c); });
    append(verdict.payload, {acting_user(message, sender), role, sender.device}, verdict);
    for (const auto& conclusion : verdict.conclusions) append_system(conclusion);
    return verdict;
  }

  std::vector<Payload> lose(std::string_view who) {
    return conclude(
        with_context([&](const Context& c) { return decide_disconnected(room, user(who), c); }));
  }
  std::vector<Payload> come_back(std::string_view who) {
    return conclude(decide_reconnected(room, user(who)));
  }
  /// Lets the time pass in one go and acts on what has become due.
  std::vector<Payload> wait(Duration time) {
    now += time;
    return conclude(with_context([&](const Context& c) { return decide_due(room, c); }));
  }
  /// The media server reports.
  Verdict report(MediaReported said) {
    auto verdict = with_context([&](const Context& c) { return decide_media(room, said, c); });
    append(verdict.payload, {user(system_actor), Role::system, {}}, verdict);
    for (const auto& conclusion : verdict.conclusions) append_system(conclusion);
    return verdict;
  }
  void restart() {
    Record record;
    record.stream = {StreamKind::server, {}, {}};
    record.seq = ++server_seq_;
    record.payload =
        ServerStarted{now + rules.reconnect_grace, now + rules.presence_grace, "1.2.3"};
    append(std::move(record));
  }

  template <class Do>
  std::invoke_result_t<Do, const Context&> with_context(Do&& use) const {
    const std::function<bool(const UserId&)> online = [this](const UserId& who) {
      return !offline.contains(who.view());
    };
    const std::function<std::optional<RoomName>(const UserId&, const UserId&)> ringing =
        [this](const UserId& caller, const UserId& callee) -> std::optional<RoomName> {
      const auto found =
          ringing_rooms.find({std::string(caller.view()), std::string(callee.view())});
      if (found == ringing_rooms.end()) return std::nullopt;
      return RoomName::clipped(found->second);
    };
    const std::function<KnownRole(const UserId&)> role_of = [this](const UserId& who) {
      const auto found = known_roles.find(who.view());
      return found == known_roles.end() ? KnownRole{} : found->second;
    };
    CallId next;
    next.bytes[0] = 1;
    next.bytes[14] = static_cast<std::uint8_t>(log.size() >> 8U);
    next.bytes[15] = static_cast<std::uint8_t>(log.size());
    return use(Context{now, next, rules, online, ringing, media_room, &role_of});
  }

  [[nodiscard]] Participant at(std::string_view who) const {
    const auto* found = room.find(user(who));
    return found == nullptr ? Participant{} : *found;
  }

  // Rooms as the tests need them: alice calls bob, or bob and carol.
  static World ringing() { return started({"bob"}); }
  static World connected() {
    auto world = ringing();
    world.send("bob", Accept{});
    return world;
  }
  static World group_ringing() { return started({"bob", "carol"}); }
  /// alice and bob talk, carol is still invited.
  static World group_connected() {
    auto world = group_ringing();
    world.send("bob", Accept{});
    return world;
  }
  static World group_of_three() {
    auto world = group_connected();
    world.send("carol", Accept{});
    return world;
  }
  static World ended() {
    auto world = connected();
    world.send("alice", End{});
    return world;
  }

 private:
  static World started(std::vector<std::string_view> callees) {
    World world;
    world.send("alice", start(std::move(callees)));
    return world;
  }

  std::vector<Payload> conclude(std::vector<Payload> events) {
    for (const auto& event : events) append_system(event);
    return events;
  }
  void append_system(const Payload& payload) {
    Verdict verdict;
    verdict.call = room.call;
    append(payload, {user(system_actor), Role::system, {}}, verdict);
  }
  void append(const Payload& payload, Actor actor, const Verdict& verdict) {
    Record record;
    record.stream = {StreamKind::room, TenantId::clipped("acme"), user("room")};
    record.seq = verdict.outcome == Outcome::applied ? room.seq + 1 : room.seq;
    record.actor = actor;
    record.call = verdict.call;
    record.outcome = verdict.outcome;
    record.refusal = verdict.refusal.code;
    record.payload = payload;
    append(std::move(record));
  }
  void append(Record record) {
    record.position = log.size() + 1;
    record.at = now;
    evolve(room, record);
    log.push_back(std::move(record));
  }

  Seq server_seq_ = 0;
};

/// `TIMED_OUT ENDED`: what happened, for comparing in one line.
inline std::string types_of(const std::vector<Payload>& events) {
  std::string text;
  for (const auto& event : events) {
    if (!text.empty()) text += ' ';
    text += type_of(event);
  }
  return text;
}

}  // namespace callstate::call
