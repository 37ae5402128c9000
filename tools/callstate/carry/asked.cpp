#include "tools/callstate/carry/asked.hpp"

namespace callstate::tools {
namespace {

struct AsMessage {
  using Body = std::optional<call::MessageBody>;

  Body operator()(const call::CallStarted& started) const {
    return call::StartCall{.callees = started.callees,
                           .caller_name = started.caller_name,
                           .callee_name = started.callee_name,
                           .metadata = started.metadata};
  }
  Body operator()(const call::Ringing&) const { return call::Ring{}; }
  Body operator()(const call::Accepted&) const { return call::Accept{}; }
  // An ENDED that was recorded as REJECTED has the same verdict.
  Body operator()(const call::Rejected& rejected) const { return call::Reject{rejected.reason}; }
  Body operator()(const call::Ended& ended) const { return call::End{ended.detail}; }
  Body operator()(const call::Invited& invited) const { return call::Invite{invited.callees}; }
  Body operator()(const call::Signaled& signal) const {
    return call::Signal{signal.to, signal.data};
  }
  // What a member of a group said, who has hung up.
  Body operator()(const call::ParticipantLeft&) const { return call::End{}; }
  Body operator()(const call::TimedOut&) const { return std::nullopt; }
  Body operator()(const call::CalleeOffline&) const { return std::nullopt; }
  Body operator()(const call::ParticipantJoined&) const { return std::nullopt; }
  Body operator()(const call::UserOnline&) const { return std::nullopt; }
  Body operator()(const call::UserOffline&) const { return std::nullopt; }
  Body operator()(const call::UserInCall&) const { return std::nullopt; }
  Body operator()(const call::ServerStarted&) const { return std::nullopt; }
  Body operator()(const call::MediaReported&) const { return std::nullopt; }
  Body operator()(const call::Revoked&) const { return std::nullopt; }
};

struct AsOrigin {
  Origin operator()(const call::CalleeOffline&) const { return Origin::message; }
  Origin operator()(const call::Ended& ended) const {
    switch (ended.reason) {
      case call::EndReason::no_answer:
      case call::EndReason::connection_lost:
      case call::EndReason::max_duration:
        return Origin::time;
      case call::EndReason::none:
      case call::EndReason::hangup:
      case call::EndReason::cancelled:
      case call::EndReason::rejected:
      case call::EndReason::media_finished:
        break;
    }
    return Origin::message;
  }
  Origin operator()(const call::TimedOut&) const { return Origin::time; }
  Origin operator()(const call::ParticipantLeft& left) const {
    switch (left.reason) {
      case call::LeaveReason::disconnected:
        return Origin::lost_connection;
      case call::LeaveReason::connection_lost:
      case call::LeaveReason::no_answer:
        return Origin::time;
      case call::LeaveReason::hangup:
        break;
    }
    return Origin::message;
  }
  Origin operator()(const call::ParticipantJoined&) const { return Origin::new_connection; }
  Origin operator()(const call::MediaReported&) const { return Origin::media; }
  Origin operator()(const call::CallStarted&) const { return Origin::none; }
  Origin operator()(const call::Ringing&) const { return Origin::none; }
  Origin operator()(const call::Accepted&) const { return Origin::none; }
  Origin operator()(const call::Rejected&) const { return Origin::none; }
  Origin operator()(const call::Invited&) const { return Origin::none; }
  Origin operator()(const call::Signaled&) const { return Origin::none; }
  Origin operator()(const call::UserOnline&) const { return Origin::none; }
  Origin operator()(const call::UserOffline&) const { return Origin::none; }
  Origin operator()(const call::UserInCall&) const { return Origin::none; }
  Origin operator()(const call::ServerStarted&) const { return Origin::none; }
  Origin operator()(const call::Revoked&) const { return Origin::none; }
};

}  // namespace

std::optional<call::MessageBody> message_of(const call::Payload& payload) {
  return std::visit(AsMessage(), payload);
}

Origin origin_of(const call::Payload& payload) {
  return std::visit(AsOrigin(), payload);
}

call::Duration until(call::Time deadline, call::Time at) {
  return deadline == call::Time{} ? call::Duration{} : deadline - at;
}

}  // namespace callstate::tools
