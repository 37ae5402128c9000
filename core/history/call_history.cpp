#include "core/history/call_history.hpp"

#include <algorithm>
#include <utility>
#include <variant>

namespace callstate::history {
namespace {

/// What became of a call, as docs/domain.md has it.
Status status_of(call::EndReason reason, bool answered) {
  switch (reason) {
    case call::EndReason::cancelled:
      return Status::cancelled;
    case call::EndReason::rejected:
      return Status::rejected;
    case call::EndReason::no_answer:
      return Status::missed;
    case call::EndReason::connection_lost:
    case call::EndReason::media_finished:
      return answered ? Status::ended : Status::failed;
    case call::EndReason::none:
    case call::EndReason::hangup:
    case call::EndReason::max_duration:
      break;
  }
  return Status::ended;
}

/// Of those who are there already, what is known now of their role counts only where
/// nothing was.
bool add_party(CallRow& row, const call::UserId& user, const call::KnownRole& role) {
  const auto known = std::ranges::find(row.parties, user, &Party::user);
  if (known == row.parties.end()) {
    row.parties.emplace_back(user, role);
    return true;
  }
  if (known->role || !role) return false;
  known->role = role;
  return true;
}

bool add_parties(CallRow& row, const std::vector<call::UserId>& users,
                 const std::vector<call::KnownRole>& roles) {
  bool changed = false;
  for (std::size_t i = 0; i < users.size(); ++i) {
    changed |= add_party(row, users[i], i < roles.size() ? roles[i] : std::nullopt);
  }
  return changed;
}

/// A person's role is the one that was known as it was called, else that of what the
/// person has sent itself: a service that acts for somebody lends its own to nobody.
/// It stays as it was first seen.
bool learn_role(CallRow& row, const call::Actor& actor) {
  if (actor.role != call::Role::crm_user && actor.role != call::Role::portal_customer) return false;
  const auto party = std::ranges::find(row.parties, actor.user, &Party::user);
  if (party == row.parties.end() || party->role) return false;
  party->role = actor.role;
  return true;
}

/// One overload per event, each says whether it has changed the row.
struct FoldCall {
  CallRow& row;
  const call::Record& record;

  bool operator()(const call::CallStarted& started) const {
    row.id = record.call;
    row.tenant = record.stream.tenant;
    row.room = call::RoomName::clipped(record.stream.name.view());
    add_party(row, started.caller, started.caller_role);
    add_parties(row, started.callees, started.callee_roles);
    row.caller_name = started.caller_name;
    row.callee_name = started.callee_name;
    row.metadata = started.metadata;
    row.started_at = record.at;
    row.ring_deadline = started.ring_deadline;
    row.started_position = record.position;
    return true;
  }

  bool operator()(const call::Accepted&) const {
    if (row.status != Status::ringing) return false;
    row.status = Status::connected;
    row.answered_at = record.at;
    row.end_detail.clear();
    return true;
  }

  bool operator()(const call::Rejected& rejected) const {
    if (row.status != Status::ringing || row.end_detail == rejected.reason) return false;
    row.end_detail = rejected.reason;
    return true;
  }

  bool operator()(const call::Ended& ended) const {
    row.status = status_of(ended.reason, row.answered_at != call::Time{});
    row.ended_at = record.at;
    row.duration_s = ended.duration_s;
    row.end_reason = ended.reason;
    // That all have declined is the server's conclusion: the word is of the last.
    if (ended.reason != call::EndReason::rejected) row.end_detail = ended.detail;
    return true;
  }

  bool operator()(const call::Invited& invited) const {
    bool changed = row.ring_deadline != invited.ring_deadline;
    row.ring_deadline = invited.ring_deadline;
    changed |= add_parties(row, invited.callees, invited.callee_roles);
    return changed;
  }

  // Changes nothing that a row says.
  bool operator()(const call::Ringing&) const { return false; }
  bool operator()(const call::ParticipantJoined&) const { return false; }
  bool operator()(const call::ParticipantLeft&) const { return false; }
  bool operator()(const call::TimedOut&) const { return false; }
  bool operator()(const call::CalleeOffline&) const { return false; }
  bool operator()(const call::Signaled&) const { return false; }
  bool operator()(const call::MediaReported&) const { return false; }
  // Of other streams.
  bool operator()(const call::UserOnline&) const { return false; }
  bool operator()(const call::UserOffline&) const { return false; }
  bool operator()(const call::UserInCall&) const { return false; }
  bool operator()(const call::ServerStarted&) const { return false; }
  bool operator()(const call::Revoked&) const { return false; }
  bool operator()(const call::Sealed&) const { return false; }
};

bool starts_call(const call::Record& record) {
  return record.outcome == call::Outcome::applied &&
         std::holds_alternative<call::CallStarted>(record.payload);
}

}  // namespace

CallHistory::CallHistory(std::span<const CallRow> live) {
  calls_.reserve(live.size());
  for (const auto& row : live) calls_.emplace(row.id, Entry{row});
}

CallHistory::Entry* CallHistory::live(const call::Record& record) {
  if (record.call.empty()) return nullptr;
  const auto found = calls_.find(record.call);
  return found == calls_.end() || !is_live(found->second.row.status) ? nullptr : &found->second;
}

void CallHistory::add(const call::Record& record) {
  if (record.position <= changes_.position) return;
  changes_.position = record.position;
  changes_.at = record.at;
  if (std::holds_alternative<call::ServerStarted>(record.payload)) {
    changes_.starts.push_back(record.position);
  }
  if (record.stream.kind != call::StreamKind::room) return;

  Entry* entry = starts_call(record) ? &calls_[record.call] : live(record);
  auto& event = changes_.events.emplace_back(record);
  if (entry == nullptr) return;
  auto& row = entry->row;
  if (record.outcome == call::Outcome::applied) {
    bool changed = std::visit(FoldCall{row, record}, record.payload);
    changed |= learn_role(row, record.actor);
    if (changed) {
      row.changed_position = record.position;
      if (!std::exchange(entry->changed, true)) changed_.push_back(record.call);
    }
  }
  if (!row.parties.empty()) event.caller = row.parties.front().user;
  if (row.parties.size() > 1) event.callee = row.parties[1].user;
}

const CallRow* CallHistory::find(const call::CallId& id) const {
  const auto found = calls_.find(id);
  return found == calls_.end() ? nullptr : &found->second.row;
}

Changes CallHistory::take() {
  Changes taken{.calls = {},
                .events = std::exchange(changes_.events, {}),
                .position = changes_.position,
                .at = changes_.at,
                .starts = std::exchange(changes_.starts, {})};
  taken.calls.reserve(changed_.size());
  for (const auto& id : changed_) {
    const auto found = calls_.find(id);
    auto& [row, changed] = found->second;
    if (is_live(row.status)) {
      taken.calls.push_back(row);
      changed = false;
    } else {
      taken.calls.push_back(std::move(row));
      calls_.erase(found);
    }
  }
  changed_.clear();
  return taken;
}

}  // namespace callstate::history
