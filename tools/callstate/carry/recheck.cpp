#include "tools/callstate/carry/recheck.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <unordered_set>
#include <utility>

#include "core/call/evolve.hpp"
#include "core/engine/no_snapshots.hpp"
#include "core/engine/states.hpp"
#include "storage/stream_text.hpp"
#include "tools/callstate/carry/differences.hpp"
#include "tools/callstate/carry/line.hpp"
#include "tools/callstate/carry/origin.hpp"
#include "tools/callstate/carry/ringing.hpp"
#include "tools/callstate/report/reconsider.hpp"

namespace callstate::tools {
namespace {

/// Somebody who is not the sender.
const call::UserId somebody_else = call::UserId::clipped(call::system_actor);

class Rechecker {
 public:
  explicit Rechecker(const TriedRules& rules) : rules_(rules) {
    find_ringing_ = [this](const call::UserId& caller, const call::UserId& callee) {
      return ringing_.find(*tenant_, caller, callee);
    };
  }

  void take(const call::Record& record) {
    ++result_.records;
    switch (record.stream.kind) {
      case call::StreamKind::room:
        return take(states_.room(record.stream.tenant, record.stream.name.view()), record);
      case call::StreamKind::user:
        settle();
        return take(states_.user(record.stream.tenant, record.stream.name.view()).user, record);
      case call::StreamKind::server:
        settle();
        return restart(record);
    }
  }

  Rechecked finish(call::Position first, call::Position head) && {
    settle();
    result_.first = first;
    result_.head = head;
    result_.differences = std::move(differences_).sorted();
    for (const auto& each : result_.differences) result_.different += each.count;
    return std::move(result_);
  }

 private:
  /// What is still to follow the record that it was concluded from.
  struct Awaited {
    const engine::RoomEntry* room = nullptr;
    Origin origin = Origin::none;
    std::vector<call::Payload> events;
    std::size_t next = 0;
    call::Position after = 0;
    bool detail_unknown = false;
  };

  // ---- rooms ----------------------------------------------------------------

  void take(engine::RoomEntry& entry, const call::Record& record) {
    if (awaited_.room != nullptr && (awaited_.room != &entry || !concluded(record))) settle();
    if (knows_before(entry.room, record)) {
      judge(entry, record);
    } else {
      ++result_.folded;
    }
    fold(entry, record);
  }

  static bool concluded(const call::Record& record) {
    return record.actor.role == call::Role::system && origin_of(record.payload) != Origin::media;
  }

  void judge(engine::RoomEntry& entry, const call::Record& record) {
    const call::Room& room = entry.room;
    const call::Seq follows = room.seq + (record.outcome == call::Outcome::applied ? 1 : 0);
    if (record.seq != follows) {
      differences_.add("seq of a room", record, "seq " + std::to_string(record.seq),
                       "seq " + std::to_string(follows));
    }
    if (record.actor.role != call::Role::system) return judge_message(entry, record);
    switch (origin_of(record.payload)) {
      case Origin::media:
        return judge_media(entry, record);
      case Origin::message:
        return judge_conclusion(entry, record);
      case Origin::time:
        begin(entry, record, Origin::time, [&] { return rules_.due(room, context(record)); });
        return judge_conclusion(entry, record);
      case Origin::lost_connection:
        return judge_lost(entry, record);
      case Origin::new_connection: {
        const auto& user = std::get<call::ParticipantJoined>(record.payload).user;
        begin(entry, record, Origin::new_connection,
              [&] { return rules_.reconnected(room, user); });
        return judge_conclusion(entry, record);
      }
      case Origin::none:
        ++result_.folded;
        return;
    }
  }

  void judge_message(const engine::RoomEntry& entry, const call::Record& record) {
    auto body = body_of(record.payload);
    if (!body) {
      ++result_.folded;
      return;
    }
    ++result_.messages;
    message_.room = call::RoomName::clipped(record.stream.name.view());
    message_.body = *std::move(body);
    message_.sender.reset();
    const auto& actor = record.actor;
    if (record.refusal == call::ErrorCode::identity_mismatch && actor.role != call::Role::service) {
      message_.sender = somebody_else;
    }
    sender_.tenant = record.stream.tenant;
    sender_.user = actor.user;
    sender_.role = actor.role;
    sender_.device = actor.device;
    auto how = context(record);
    if (const auto* started = std::get_if<call::CallStarted>(&record.payload)) {
      how.new_call = record.call;
      how.media_room = started->media_room;
    }
    compare(entry, record, rules_.message(entry.room, message_, sender_, how));
  }

  void judge_media(const engine::RoomEntry& entry, const call::Record& record) {
    ++result_.messages;
    compare(
        entry, record,
        rules_.media(entry.room, std::get<call::MediaReported>(record.payload), context(record)));
  }

  void judge_lost(const engine::RoomEntry& entry, const call::Record& record) {
    const auto& left = std::get<call::ParticipantLeft>(record.payload);
    begin(entry, record, Origin::lost_connection, [&] {
      auto how = context(record);
      times_.reconnect_grace = until(left.grace_deadline, record.at);
      return rules_.disconnected(entry.room, left.user, how);
    });
    judge_conclusion(entry, record);
  }

  void compare(const engine::RoomEntry& entry, const call::Record& record, call::Verdict verdict) {
    if (verdict.outcome != record.outcome || verdict.refusal.code != record.refusal ||
        verdict.call != record.call || verdict.payload != record.payload) {
      differences_.add(situation_of(entry.room, record), record, verdict);
    }
    awaited_ = {.room = &entry,
                .origin = Origin::message,
                .events = std::move(verdict.conclusions),
                .next = 0,
                .after = record.position,
                .detail_unknown = std::holds_alternative<call::ParticipantLeft>(record.payload)};
  }

  // ---- what the server concludes --------------------------------------------

  template <class Decide>
  void begin(const engine::RoomEntry& entry, const call::Record& record, Origin origin,
             const Decide& decide) {
    const bool goes_on = awaited_.room == &entry && awaited_.origin == origin &&
                         awaited_.next < awaited_.events.size();
    if (goes_on) return;
    settle();
    awaited_ = {&entry, origin, decide(), 0, record.position, false};
  }

  void judge_conclusion(const engine::RoomEntry& entry, const call::Record& record) {
    ++result_.conclusions;
    auto& [room, origin, events, next, after, detail_unknown] = awaited_;
    // Who was online, the log does not say but by this.
    while (next < events.size() && is_offline(events[next]) && events[next] != record.payload) {
      ++next;
    }
    const call::Payload* now = room == &entry && next < events.size() ? &events[next++] : nullptr;
    if (now != nullptr && equal(*now, record.payload, detail_unknown)) return;
    differences_.add(situation_of(entry.room, record), record, now);
  }

  /// Another record follows: what should have come before it did not.
  void settle() {
    if (awaited_.room == nullptr) return;
    for (auto& [room, origin, events, next, after, detail_unknown] = awaited_; next < events.size();
         ++next) {
      if (!is_offline(events[next])) differences_.add_missing(*room, after, events[next]);
    }
    awaited_.room = nullptr;
    awaited_.events.clear();
    awaited_.next = 0;
  }

  static bool is_offline(const call::Payload& payload) {
    return std::holds_alternative<call::CalleeOffline>(payload);
  }

  /// The word of one who left a group is in the record of the call's end alone.
  static bool equal(const call::Payload& now, const call::Payload& recorded, bool detail_unknown) {
    const auto* ended = detail_unknown ? std::get_if<call::Ended>(&now) : nullptr;
    const auto* then = std::get_if<call::Ended>(&recorded);
    if (ended == nullptr || then == nullptr) return now == recorded;
    return ended->reason == then->reason && ended->duration_s == then->duration_s;
  }

  // ---- users and the server -------------------------------------------------

  void take(call::User& user, const call::Record& record) {
    ++result_.folded;
    const bool applied = record.outcome == call::Outcome::applied;
    const bool comes = std::holds_alternative<call::UserOnline>(record.payload);
    const bool goes = std::holds_alternative<call::UserOffline>(record.payload);
    // Who was online when the server started counts as about to go.
    const bool here = user.online && user.offline_deadline == call::Time{};
    if (applied && user.seq != 0 && ((comes && here) || (goes && !user.online))) {
      differences_.add("presence of a user", record, comes ? "comes online" : "goes offline",
                       "is so already");
    }
    const bool was_online = user.online;
    call::evolve(user, record);
    if (user.online && !was_online) online_.insert(&user);
    if (!user.online && was_online) online_.erase(&user);
  }

  void restart(const call::Record& record) {
    ++result_.folded;
    if (!std::holds_alternative<call::ServerStarted>(record.payload)) return;
    for (auto* entry : live_) call::evolve(entry->room, record);
    for (auto* user : online_) call::evolve(*user, record);
  }

  // ---- what they stand on ---------------------------------------------------

  call::Context context(const call::Record& record) {
    tenant_ = &record.stream.tenant;
    times_ = {};
    roles_.clear();
    if (const auto* started = std::get_if<call::CallStarted>(&record.payload)) {
      times_.ring_timeout = until(started->ring_deadline, record.at);
      remember_roles(started->callees, started->callee_roles);
      if (started->caller_role) roles_.emplace(started->caller, *started->caller_role);
    } else if (const auto* invited = std::get_if<call::Invited>(&record.payload)) {
      times_.ring_timeout = until(invited->ring_deadline, record.at);
      remember_roles(invited->callees, invited->callee_roles);
    } else if (const auto* accepted = std::get_if<call::Accepted>(&record.payload)) {
      times_.max_call_duration = until(accepted->max_deadline, record.at);
    }
    return {.now = record.at,
            .new_call = {},
            .rules = times_,
            .online = nobody_,
            .ringing_room = find_ringing_,
            .role_of = &role_of_};
  }

  /// Who knew them then, the log does not say.
  void remember_roles(const std::vector<call::UserId>& users,
                      const std::vector<call::KnownRole>& roles) {
    for (std::size_t i = 0; i < std::min(users.size(), roles.size()); ++i) {
      if (roles[i]) roles_.emplace(users[i], *roles[i]);
    }
  }

  void fold(engine::RoomEntry& entry, const call::Record& record) {
    call::Room& room = entry.room;
    const auto rings = [&room] {
      return room.state == call::CallState::ringing && room.participants.size() == 2 && !room.group;
    };
    const bool rang = rings();
    const bool was_live = room.live();
    const bool starts = record.outcome == call::Outcome::applied &&
                        std::holds_alternative<call::CallStarted>(record.payload);
    if (rang && starts) ringing_.remove(record.stream.tenant, room, record.stream.name.view());
    call::evolve(room, record);
    if (rings() && (!rang || starts)) {
      ringing_.add(record.stream.tenant, room, record.stream.name.view());
    } else if (rang && !rings() && !starts) {
      ringing_.remove(record.stream.tenant, room, record.stream.name.view());
    }
    if (room.live() && !was_live) live_.insert(&entry);
    if (!room.live() && was_live) live_.erase(&entry);
  }

  const TriedRules& rules_;
  engine::NoSnapshots none_;
  engine::States states_{none_, {1, 2}, std::numeric_limits<std::size_t>::max()};
  std::unordered_set<engine::RoomEntry*> live_;
  std::unordered_set<call::User*> online_;
  RingingCalls ringing_;
  const std::function<bool(const call::UserId&)> nobody_ = [](const call::UserId&) {
    return false;
  };
  std::function<std::optional<call::RoomName>(const call::UserId&, const call::UserId&)>
      find_ringing_;
  const call::TenantId* tenant_ = nullptr;
  call::Rules times_;
  std::map<call::UserId, call::Role> roles_;  // that the record names
  const std::function<call::KnownRole(const call::UserId&)> role_of_ =
      [this](const call::UserId& user) {
        const auto found = roles_.find(user);
        return found == roles_.end() ? call::KnownRole() : found->second;
      };
  call::Message message_;
  call::Sender sender_;
  Awaited awaited_;
  Differences differences_;
  Rechecked result_;
};

}  // namespace

std::expected<Rechecked, engine::Failure> recheck(const engine::LogReader& log,
                                                  const TriedRules& rules) {
  Rechecker rechecker(rules);
  const auto read =
      log.read(1, log.head(), [&](const call::Record& record, const engine::RecordHash&) {
        rechecker.take(record);
        return true;
      });
  if (!read) return std::unexpected(read.error());
  return std::move(rechecker).finish(log.first(), log.head());
}

}  // namespace callstate::tools
