#include "tools/callstate/carry/origin.hpp"

namespace callstate::tools {
namespace {

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
  Origin operator()(const call::Sealed&) const { return Origin::none; }
};

}  // namespace

Origin origin_of(const call::Payload& payload) {
  return std::visit(AsOrigin(), payload);
}

call::Duration until(call::Time deadline, call::Time at) {
  return deadline == call::Time{} ? call::Duration{} : deadline - at;
}

}  // namespace callstate::tools
