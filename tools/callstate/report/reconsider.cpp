#include "tools/callstate/report/reconsider.hpp"

#include <algorithm>
#include <functional>
#include <variant>
#include <vector>

#include "transports/json_concat.hpp"

namespace callstate::tools {
namespace {

using transports::concat;

/// One overload per event: what a client asked for when this came of it.
struct AskedFor {
  using Body = std::optional<call::MessageBody>;

  Body operator()(const call::CallStarted& e) const {
    return call::StartCall{e.callees, e.caller_name, e.callee_name, e.metadata};
  }
  Body operator()(const call::Ringing&) const { return call::Ring{}; }
  Body operator()(const call::Accepted&) const { return call::Accept{}; }
  Body operator()(const call::Rejected& e) const { return call::Reject{e.reason}; }
  Body operator()(const call::Ended& e) const { return call::End{e.detail}; }
  Body operator()(const call::Invited& e) const { return call::Invite{e.callees}; }
  Body operator()(const call::Signaled& e) const { return call::Signal{e.to, e.data}; }
  // What a member of a group said, who has hung up. An ENDED that was recorded as
  // REJECTED has the same verdict.
  Body operator()(const call::ParticipantLeft&) const { return call::End{}; }
  // Of the server alone.
  Body operator()(const call::TimedOut&) const { return {}; }
  Body operator()(const call::CalleeOffline&) const { return {}; }
  Body operator()(const call::ParticipantJoined&) const { return {}; }
  Body operator()(const call::UserOnline&) const { return {}; }
  Body operator()(const call::UserOffline&) const { return {}; }
  Body operator()(const call::UserInCall&) const { return {}; }
  Body operator()(const call::ServerStarted&) const { return {}; }
  Body operator()(const call::MediaReported&) const { return {}; }
  Body operator()(const call::Revoked&) const { return {}; }
  Body operator()(const call::Sealed&) const { return {}; }
};

/// What a decision may know, as far as the record tells it.
class World {
 public:
  explicit World(const call::Record& record)
      : glare_(record.outcome == call::Outcome::refused &&
               record.refusal == call::ErrorCode::glare),
        context_{.now = record.at,
                 .new_call = record.call,
                 .rules = rules_,
                 .online = online_,
                 .ringing_room = ringing_room_} {}
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  [[nodiscard]] const call::Context& context() const { return context_; }

 private:
  const call::Rules rules_{};
  const bool glare_;
  const std::function<bool(const call::UserId&)> online_ = [](const call::UserId&) { return true; };
  const std::function<std::optional<call::RoomName>(const call::UserId&, const call::UserId&)>
      ringing_room_ = [this](const call::UserId&, const call::UserId&) {
        return glare_ ? std::optional(call::RoomName::clipped("elsewhere")) : std::nullopt;
      };
  const call::Context context_;
};

/// `applied ENDED hangup`, `refused ENDED with WRONG_STATE`.
std::string words(call::Outcome outcome, const call::Payload& payload, call::ErrorCode refusal) {
  std::string text = concat(name_of(outcome), " ", type_of(payload));
  if (const auto* ended = std::get_if<call::Ended>(&payload)) {
    if (outcome == call::Outcome::applied) text += concat(" by ", name_of(ended->reason));
  }
  if (const auto* left = std::get_if<call::ParticipantLeft>(&payload)) {
    text += concat(" by ", name_of(left->reason));
  }
  if (outcome == call::Outcome::refused) text += concat(" with ", name_of(refusal));
  return text;
}

/// Two events that say the same, times and words apart.
bool alike(const call::Payload& a, const call::Payload& b) {
  return words(call::Outcome::applied, a, {}) == words(call::Outcome::applied, b, {});
}

call::Sender sender_of(const call::Record& record) {
  return {.tenant = record.stream.tenant,
          .user = record.actor.user,
          .role = record.actor.role,
          .device = record.actor.device,
          .name = {}};
}

Reconsidered of_message(const call::Record& record, const call::Message& asked,
                        const call::Room& before) {
  Reconsidered found;
  call::Message message = asked;
  if (record.actor.role == call::Role::service) message.sender = record.actor.user;
  if (record.refusal == call::ErrorCode::identity_mismatch &&
      record.actor.role != call::Role::service) {
    message.sender = call::UserId::clipped("somebody else");
    found.granted = "whom the message named as its sender";
  }
  if (std::holds_alternative<call::StartCall>(message.body)) {
    found.granted = "who had a session, and which calls rang elsewhere";
  }
  const World world(record);
  const auto sender = sender_of(record);
  const auto verdict = call::decide(before, message, sender, world.context());
  found.rule = &rule_of(before, message, call::acting_user(message, sender), verdict);
  found.sentence = verdict.refusal.message;
  const auto recorded = words(record.outcome, record.payload, record.refusal);
  const auto decided = words(verdict.outcome, verdict.payload, verdict.refusal.code);
  if (recorded != decided) {
    found.differs = concat("The log has it ", recorded, "; this build's rules give ", decided, ".");
  }
  return found;
}

/// What the server may have concluded from the state and the time, whoever came or went.
std::vector<call::Payload> conclusions_of(const call::Record& record, const call::Room& before) {
  const World world(record);
  auto events = call::decide_due(before, world.context());
  const auto add = [&](std::vector<call::Payload> more) {
    for (auto& event : more) events.emplace_back(std::move(event));
  };
  if (const auto* left = std::get_if<call::ParticipantLeft>(&record.payload)) {
    if (left->reason == call::LeaveReason::disconnected) {
      add(call::decide_disconnected(before, left->user, world.context()));
    }
  }
  if (const auto* joined = std::get_if<call::ParticipantJoined>(&record.payload)) {
    add(call::decide_reconnected(before, joined->user));
  }
  return events;
}

/// What followed at once from the last thing that the server did not conclude.
std::vector<call::Payload> concluded_from_cause(const History& history,
                                                const call::Record& record) {
  const Entry* cause = nullptr;
  for (const Chapter& chapter : history.chapters) {
    for (const Entry& entry : chapter.entries) {
      if (entry.record.position >= record.position || entry.record.at != record.at) continue;
      const bool media = std::holds_alternative<call::MediaReported>(entry.record.payload);
      if (media || entry.record.actor.role != call::Role::system) cause = &entry;
    }
  }
  if (cause == nullptr) return {};
  const auto& from = cause->record;
  const call::Room before = as_of(history, from.position - 1).chapters.back().room;
  const World world(from);
  if (const auto* report = std::get_if<call::MediaReported>(&from.payload)) {
    return call::decide_media(before, *report, world.context()).conclusions;
  }
  auto message = message_of(from);
  if (!message) return {};
  if (from.actor.role == call::Role::service) message->sender = from.actor.user;
  return call::decide(before, *message, sender_of(from), world.context()).conclusions;
}

Reconsidered of_server(const History& history, const call::Record& record,
                       const call::Room& before) {
  Reconsidered found;
  found.rule = &rule_of(before, record);
  if (std::holds_alternative<call::ServerStarted>(record.payload)) return found;
  if (std::holds_alternative<call::CalleeOffline>(record.payload)) {
    found.granted = "who had a session";
    return found;
  }
  if (const auto* report = std::get_if<call::MediaReported>(&record.payload)) {
    const World world(record);
    const auto verdict = call::decide_media(before, *report, world.context());
    if (verdict.outcome != record.outcome) {
      found.differs = concat("The log has it ", name_of(record.outcome),
                             "; this build's rules give ", name_of(verdict.outcome), ".");
    }
    return found;
  }
  const auto is_it = [&](const call::Payload& event) { return alike(event, record.payload); };
  if (std::ranges::any_of(conclusions_of(record, before), is_it)) return found;
  if (std::ranges::any_of(concluded_from_cause(history, record), is_it)) return found;
  found.differs = concat("The server concluded ", words(record.outcome, record.payload, {}),
                         "; by this build's rules nothing of the kind follows here.");
  return found;
}

}  // namespace

std::optional<call::MessageBody> body_of(const call::Payload& payload) {
  return std::visit(AskedFor{}, payload);
}

std::optional<call::Message> message_of(const call::Record& record) {
  if (record.actor.role == call::Role::system) return std::nullopt;
  auto body = body_of(record.payload);
  if (!body) return std::nullopt;
  return call::Message{.room = call::RoomName::clipped(record.stream.name.view()),
                       .id = record.message_id,
                       .sender = {},
                       .body = *std::move(body)};
}

bool knows_before(const call::Room& before, const call::Record& record) {
  const call::Seq first = record.outcome == call::Outcome::applied ? 1 : 0;
  return before.seq != 0 ? before.started_position != 0 : record.seq <= first;
}

Reconsidered reconsider(const History& history, const Entry& entry, const call::Room& before) {
  const auto& record = entry.record;
  const bool of_room = record.stream.kind == call::StreamKind::room;
  if (of_room && !knows_before(before, record)) {
    Reconsidered found;
    found.known = false;
    found.granted = "what was in the room before";
    return found;
  }
  const auto message = message_of(record);
  return message ? of_message(record, *message, before) : of_server(history, record, before);
}

}  // namespace callstate::tools
