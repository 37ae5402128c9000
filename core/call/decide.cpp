#include "core/call/decide.hpp"

#include <algorithm>
#include <utility>

#include "core/call/duration.hpp"
#include "core/call/sentence.hpp"
#include "core/call/standing.hpp"

namespace callstate::call {
namespace {

/// One message at one room: what every rule looks at.
struct Case {
  const Room& room;
  const Message& message;
  const Sender& sender;
  const Context& context;
  const UserId& user;       // for whom the message speaks
  const Participant* self;  // that user in the room's call; null: a stranger
};

// What was asked for, as the log keeps it when nothing comes of it.

CallStarted asked(const Case& c, const StartCall& start) {
  // A service's own name is not that of the user it acts for.
  const bool own = c.user == c.sender.user;
  return {.caller = c.user,
          .caller_name = start.caller_name.empty() && own ? c.sender.name : start.caller_name,
          .callees = start.callees,
          .callee_name = start.callee_name,
          .metadata = start.metadata};
}
Ringing asked(const Case&, const Ring&) {
  return {};
}
Accepted asked(const Case&, const Accept&) {
  return {};
}
Rejected asked(const Case&, const Reject& reject) {
  return {.reason = reject.reason};
}
Ended asked(const Case&, const End& end) {
  return {.reason = EndReason::none, .detail = end.reason};
}
Invited asked(const Case&, const Invite& invite) {
  return {.callees = invite.callees};
}
Signaled asked(const Case&, const Signal& signal) {
  return {.to = signal.to, .data = signal.data};
}

/// The call that a message is about: a CALL_STARTED that came to nothing is not
/// about the call that has ended before it.
CallId concerned(const Case& c) {
  const bool starts = std::holds_alternative<StartCall>(c.message.body);
  return c.room.live() || !starts ? c.room.call : CallId{};
}

Verdict applied(const Case& c, Payload payload) {
  Verdict verdict;
  verdict.call = c.room.call;
  verdict.payload = std::move(payload);
  return verdict;
}

template <class Body>
Verdict ignored(const Case& c, const Body& body) {
  Verdict verdict = applied(c, asked(c, body));
  verdict.outcome = Outcome::ignored;
  return verdict;
}

template <class Body>
Verdict refused(const Case& c, const Body& body, ErrorCode code, std::string message) {
  Verdict verdict = applied(c, asked(c, body));
  verdict.outcome = Outcome::refused;
  verdict.call = concerned(c);
  verdict.refusal = {code, std::move(message)};
  return verdict;
}

template <class Body>
Verdict wrong_state(const Case& c, const Body& body) {
  return refused(c, body, ErrorCode::wrong_state,
                 wrong_state_sentence(type_of(asked(c, body)), c.room, c.self));
}

template <class Body>
Verdict stranger(const Case& c, const Body& body) {
  return refused(c, body, ErrorCode::not_participant,
                 sentence({type_of(asked(c, body)), " is for participants of the call, which is ",
                           name_of(c.room.state), "; the sender is none of them"}));
}

static_assert(callees_max == 32, "the sentences below name the bound");

/// What is wrong with a list of callees; empty when nothing is. The codec says
/// the same: this is for callers that have none.
std::string_view fault_of(const std::vector<UserId>& callees, const UserId& sender) {
  if (callees.empty()) return "names nobody";
  if (callees.size() > callees_max) return "names more than 32 users";
  for (auto callee = callees.begin(); callee != callees.end(); ++callee) {
    if (callee->empty()) return "holds an empty id";
    if (*callee == sender) return "names the sender";
    if (std::find(callees.begin(), callee, *callee) != callee) return "names a user twice";
  }
  return {};
}

void conclude_offline(Verdict& verdict, const std::vector<UserId>& callees,
                      const Context& context) {
  for (const auto& callee : callees) {
    if (!context.online(callee)) verdict.conclusions.emplace_back(CalleeOffline{callee});
  }
}

/// Only people's roles are told: a back end or an auditor is no side of a call.
KnownRole role_of(const UserId& user, const Context& context) {
  if (context.role_of == nullptr) return std::nullopt;
  const auto role = (*context.role_of)(user);
  const bool person = role == Role::crm_user || role == Role::portal_customer;
  return person ? role : std::nullopt;
}

/// Empty where nothing is known of any of them.
std::vector<KnownRole> roles_of(const std::vector<UserId>& users, const Context& context) {
  std::vector<KnownRole> roles;
  roles.reserve(users.size());
  for (const auto& user : users) roles.push_back(role_of(user, context));
  if (std::ranges::none_of(roles, &KnownRole::has_value)) roles.clear();
  return roles;
}

Verdict on(const Case& c, const StartCall& start) {
  if (c.room.live()) return wrong_state(c, start);
  if (const auto fault = fault_of(start.callees, c.user); !fault.empty()) {
    return refused(c, start, ErrorCode::invalid_message,
                   sentence({"calleeIds of CALL_STARTED ", fault}));
  }
  if (start.callees.size() == 1) {
    if (auto ringing = c.context.ringing_room(start.callees.front(), c.user)) {
      auto verdict = refused(c, start, ErrorCode::glare,
                             sentence({"the callee's own call to the sender is RINGING in room ",
                                       ringing->view(), "; answer that one with ACCEPTED"}));
      verdict.glare_room = std::move(ringing);
      return verdict;
    }
  }
  auto started = asked(c, start);
  started.ring_deadline = c.context.now + c.context.rules.ring_timeout;
  started.media_room = c.context.media_room;
  started.callee_roles = roles_of(start.callees, c.context);
  if (c.sender.role == Role::service) started.caller_role = role_of(c.user, c.context);
  auto verdict = applied(c, std::move(started));
  verdict.call = c.context.new_call;
  conclude_offline(verdict, start.callees, c.context);
  return verdict;
}

Verdict on(const Case& c, const Ring& ring) {
  if (!c.room.live()) return wrong_state(c, ring);
  if (c.self == nullptr) return stranger(c, ring);
  if (!awaited(*c.self)) return wrong_state(c, ring);
  const auto& rang_on = c.self->rang_on;
  const bool repeated = std::ranges::find(rang_on, c.sender.device) != rang_on.end();
  if (repeated || rang_on.size() >= rang_on_max) return ignored(c, ring);
  return applied(c, Ringing{});
}

Verdict on(const Case& c, const Accept& accept) {
  if (!c.room.live()) return wrong_state(c, accept);
  if (c.self == nullptr) return stranger(c, accept);
  if (awaited(*c.self)) {
    const bool first = c.room.state == CallState::ringing;
    const auto longest = c.context.now + c.context.rules.max_call_duration;
    return applied(c, Accepted{first ? longest : Time{}});
  }
  // The caller has nothing to answer, unless it left a group and was asked back.
  const bool answered = c.self->role == CallRole::callee || !c.self->answered_on.empty();
  if (!in_conversation(*c.self) || !answered) return wrong_state(c, accept);
  if (c.self->answered_on == c.sender.device) return ignored(c, accept);
  return refused(c, accept, ErrorCode::answered_elsewhere,
                 "ACCEPTED came after another device of the same user had answered");
}

/// A callee declines; by REJECTED, or by ENDED before it has joined.
Verdict decline(const Case& c, const std::string& reason) {
  auto verdict = applied(c, Rejected{reason});
  if (c.room.state == CallState::ringing) {
    const bool others = std::ranges::any_of(c.room.participants, [&](const Participant& other) {
      return &other != c.self && awaited(other);
    });
    if (!others) {
      verdict.conclusions.emplace_back(Ended{.reason = EndReason::rejected, .detail = {}});
    }
  }
  return verdict;
}

Verdict on(const Case& c, const Reject& reject) {
  if (c.room.state == CallState::idle) return wrong_state(c, reject);
  if (c.self == nullptr) return stranger(c, reject);
  if (c.room.state == CallState::ended) return ignored(c, reject);
  if (awaited(*c.self)) return decline(c, reject.reason);
  // Out already: its REJECTED crossed with what put it out.
  if (out_of_call(*c.self) && c.self->role == CallRole::callee) return ignored(c, reject);
  return wrong_state(c, reject);
}

/// Somebody in the conversation hangs up.
Verdict hang_up(const Case& c, const End& end) {
  Ended ended{.reason = EndReason::hangup,
              .detail = end.reason,
              .duration_s = talked_s(c.room, c.context.now)};
  if (!c.room.group || c.self->role == CallRole::caller) return applied(c, std::move(ended));
  auto verdict = applied(c, ParticipantLeft{c.user, LeaveReason::hangup, {}});
  if (std::ranges::count_if(c.room.participants, in_conversation) - 1 < 2) {
    verdict.conclusions.emplace_back(std::move(ended));
  }
  return verdict;
}

Verdict on(const Case& c, const End& end) {
  if (c.room.state == CallState::idle) return wrong_state(c, end);
  if (c.self == nullptr) return stranger(c, end);
  if (c.room.state == CallState::ended || out_of_call(*c.self)) return ignored(c, end);
  if (awaited(*c.self)) return decline(c, end.reason);
  if (c.room.state == CallState::ringing) {
    return applied(c, Ended{.reason = EndReason::cancelled, .detail = end.reason});
  }
  return hang_up(c, end);
}

Verdict on(const Case& c, const Invite& invite) {
  if (!c.room.live()) return wrong_state(c, invite);
  if (c.self == nullptr) return stranger(c, invite);
  if (c.room.state == CallState::ringing || !in_conversation(*c.self)) {
    return wrong_state(c, invite);
  }
  if (const auto fault = fault_of(invite.callees, c.user); !fault.empty()) {
    return refused(c, invite, ErrorCode::invalid_message,
                   sentence({"calleeIds of INVITED ", fault}));
  }
  Invited invited{.callees = {},
                  .ring_deadline = c.context.now + c.context.rules.ring_timeout,
                  .media_room = c.room.media_room};
  std::size_t people = c.room.participants.size();
  for (const auto& callee : invite.callees) {
    const auto* known = c.room.find(callee);
    if (known != nullptr && !out_of_call(*known)) continue;
    if (known == nullptr) ++people;
    invited.callees.push_back(callee);
  }
  if (invited.callees.empty()) return ignored(c, invite);
  if (people > 1 + callees_max) {
    return refused(c, invite, ErrorCode::invalid_message,
                   "calleeIds of INVITED would bring the call to more than 32 callees");
  }
  invited.callee_roles = roles_of(invited.callees, c.context);
  auto verdict = applied(c, invited);
  conclude_offline(verdict, invited.callees, c.context);
  return verdict;
}

Verdict on(const Case& c, const Signal& signal) {
  if (c.room.state == CallState::idle) return wrong_state(c, signal);
  if (c.self == nullptr) return stranger(c, signal);
  if (!c.room.live() || out_of_call(*c.self)) return wrong_state(c, signal);
  if (signal.to == c.user) {
    return refused(c, signal, ErrorCode::invalid_message, "field to of SIGNAL names the sender");
  }
  const auto* to = c.room.find(signal.to);
  if (to == nullptr || out_of_call(*to)) {
    return refused(c, signal, ErrorCode::not_participant,
                   "field to of SIGNAL names a user who is not in the call");
  }
  return applied(c, asked(c, signal));
}

/// Who may send at all; a verdict only when it is a refusal.
template <class Body>
std::optional<Verdict> barred(const Case& c, const Body& body) {
  if (c.sender.role == Role::auditor) {
    return refused(c, body, ErrorCode::forbidden,
                   sentence({type_of(asked(c, body)),
                             " is not for the role AUDITOR, which only "
                             "reads"}));
  }
  if (c.user.view() == system_actor) {
    return refused(c, body, ErrorCode::identity_mismatch,
                   sentence({sender_field(c.message.body), " of ", type_of(asked(c, body)),
                             " names the server itself, for whom nobody acts"}));
  }
  if (c.message.sender && *c.message.sender != c.user) {
    return refused(c, body, ErrorCode::identity_mismatch,
                   sentence({sender_field(c.message.body), " of ", type_of(asked(c, body)),
                             " is not the token's user; leave it out or send the token's sub"}));
  }
  return std::nullopt;
}

}  // namespace

const UserId& acting_user(const Message& message, const Sender& sender) {
  return sender.role == Role::service && message.sender ? *message.sender : sender.user;
}

Verdict decide(const Room& room, const Message& message, const Sender& sender,
               const Context& context) {
  const auto& user = acting_user(message, sender);
  const Case c{room, message, sender, context, user, room.find(user)};
  return std::visit(
      [&c](const auto& body) {
        auto refusal = barred(c, body);
        return refusal ? *std::move(refusal) : on(c, body);
      },
      message.body);
}

}  // namespace callstate::call
