#include <variant>

#include "core/seal/statement.hpp"
#include "tools/callstate/evidence/evidence.hpp"
#include "transports/json_writer.hpp"

namespace callstate::tools {
namespace {

using transports::JsonWriter;

/// One overload an event: its fields, where they are set.
struct PutFact {
  JsonWriter& to;

  void text(std::string_view key, std::string_view value) const {
    if (!value.empty()) to.text(key, value);
  }
  void time(std::string_view key, call::Time value) const {
    if (value != call::Time{}) to.time(key, value);
  }
  void users(std::string_view key, const std::vector<call::UserId>& ids) const {
    to.begin_array(key);
    for (const auto& id : ids) to.text(id.view());
    to.end_array();
  }

  void operator()(const call::CallStarted& fact) const {
    text("caller", fact.caller.view());
    text("callerName", fact.caller_name);
    users("callees", fact.callees);
    text("calleeName", fact.callee_name);
    text("metadata", fact.metadata);
    time("ringDeadline", fact.ring_deadline);
    text("mediaRoom", fact.media_room);
  }
  void operator()(const call::Ringing&) const {}
  void operator()(const call::Accepted& fact) const { time("maxDeadline", fact.max_deadline); }
  void operator()(const call::Rejected& fact) const { text("reason", fact.reason); }
  void operator()(const call::Ended& fact) const {
    text("reason", name_of(fact.reason));
    text("detail", fact.detail);
    to.number("durationSeconds", fact.duration_s);
  }
  void operator()(const call::TimedOut&) const {}
  void operator()(const call::CalleeOffline& fact) const { text("callee", fact.callee.view()); }
  void operator()(const call::Invited& fact) const {
    users("callees", fact.callees);
    time("ringDeadline", fact.ring_deadline);
    text("mediaRoom", fact.media_room);
  }
  void operator()(const call::Signaled& fact) const {
    text("to", fact.to.view());
    text("data", fact.data);
  }
  void operator()(const call::ParticipantJoined& fact) const { text("user", fact.user.view()); }
  void operator()(const call::ParticipantLeft& fact) const {
    text("user", fact.user.view());
    text("reason", name_of(fact.reason));
    time("graceDeadline", fact.grace_deadline);
  }
  void operator()(const call::UserOnline&) const {}
  void operator()(const call::UserOffline&) const {}
  void operator()(const call::UserInCall& fact) const { text("room", fact.room.view()); }
  void operator()(const call::ServerStarted& fact) const { text("version", fact.version); }
  void operator()(const call::MediaReported& fact) const {
    text("event", fact.event);
    text("user", fact.user.view());
    text("detail", fact.detail);
    time("reportedAt", fact.reported_at);
  }
  void operator()(const call::Revoked& fact) const { time("before", fact.before); }
  void operator()(const call::Sealed& fact) const {
    to.number("first", fact.first);
    to.number("last", fact.last);
    text("root", seal::to_hex(fact.root));
    to.number("previousSeal", fact.previous_seal);
    text("previousHash", seal::to_hex(fact.previous));
    text("log", fact.log_id);
    text("key", seal::to_hex(fact.key));
    text("signature", seal::to_hex(fact.signature));
  }
};

}  // namespace

std::string read_out(const call::Record& record) {
  std::string out;
  JsonWriter to(out);
  const PutFact put{to};
  to.begin_object();
  to.text("type", type_of(record.payload));
  to.number("seq", record.seq);
  to.time("at", record.at);
  to.text("by", record.actor.user.view());
  to.text("role", name_of(record.actor.role));
  put.text("device", record.actor.device.view());
  put.text("messageId", record.message_id.view());
  if (!record.call.empty()) to.text("callId", to_string(record.call));
  to.text("outcome", name_of(record.outcome));
  if (record.outcome == call::Outcome::refused) to.text("refusal", name_of(record.refusal));
  to.text("previous", seal::to_hex(record.previous));
  to.begin_object("event");
  std::visit(put, record.payload);
  to.end_object();
  to.end_object();
  return out;
}

}  // namespace callstate::tools
