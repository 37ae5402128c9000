#include "tools/callstate/report/json_out.hpp"

#include "core/engine/effect.hpp"
#include "tools/callstate/report/wording.hpp"
#include "transports/codec.hpp"
#include "transports/json_writer.hpp"

namespace callstate::tools {
namespace {

constexpr call::Time unset{};

using transports::JsonWriter;

void put_time(JsonWriter& to, std::string_view key, call::Time time) {
  if (time != unset) to.time(key, time);
}

void put_text(JsonWriter& to, std::string_view key, std::string_view text) {
  if (!text.empty()) to.text(key, text);
}

void put_participant(JsonWriter& to, const call::Participant& participant) {
  to.begin_object();
  to.text("userId", participant.user.view());
  to.text("role", name_of(participant.role));
  to.text("state", name_of(participant.state));
  if (participant.state == call::ParticipantState::disconnected) {
    to.text("before", name_of(participant.before_disconnect));
    put_time(to, "graceDeadline", participant.grace_deadline);
  }
  put_time(to, "ringDeadline", participant.ring_deadline);
  if (!participant.rang_on.empty()) {
    to.begin_array("rangOn");
    for (const auto& device : participant.rang_on) to.text(device.view());
    to.end_array();
  }
  put_text(to, "answeredOn", participant.answered_on.view());
  to.end_object();
}

}  // namespace

std::string record_json(const call::Record& record, const call::Hash& hash) {
  std::string text = transports::encode(engine::Event{record}, {.everything = true});
  text.pop_back();  // to be closed below
  JsonWriter to(text);
  // Of the others the event says it itself.
  if (record.outcome == call::Outcome::applied) to.text("outcome", name_of(record.outcome));
  put_text(to, "tenantId",
           record.stream.kind == call::StreamKind::room ? record.stream.tenant.view()
                                                        : std::string_view());
  to.begin_object("actor");
  to.text("userId", record.actor.user.view());
  to.text("role", name_of(record.actor.role));
  put_text(to, "deviceId", record.actor.device.view());
  to.end_object();
  put_text(to, "messageId", record.message_id.view());
  to.text("hash", full_hash(hash));
  to.text("previous", full_hash(record.previous));
  to.end_object();
  return text;
}

std::string state_json(const History& history) {
  const call::Room& room = history.chapters.back().room;
  std::string text;
  JsonWriter to(text);
  to.begin_object();
  to.text("type", "ROOM_STATE");
  to.text("roomName", history.room);
  to.text("tenantId", history.tenant.view());
  if (room.call.empty()) {
    to.null("callId");
  } else {
    to.text("callId", call::to_string(room.call));
  }
  to.text("callState", name_of(room.state));
  put_text(to, "status", call_status(room));
  to.begin_array("participants");
  for (const auto& participant : room.participants) put_participant(to, participant);
  to.end_array();
  put_text(to, "callerName", room.caller_name);
  put_text(to, "calleeName", room.callee_name);
  if (!room.metadata.empty()) to.raw("metadata", room.metadata);
  put_time(to, "startedAt", room.started_at);
  put_time(to, "answeredAt", room.answered_at);
  put_time(to, "endedAt", room.ended_at);
  put_text(to, "endReason", name_of(room.end_reason));
  if (room.state == call::CallState::ringing) put_time(to, "ringDeadline", room.ring_deadline);
  if (room.state == call::CallState::connected) put_time(to, "maxDeadline", room.max_deadline);
  to.boolean("group", room.group);
  to.number("seq", room.seq);
  to.number("pos", room.position);
  to.text("chain", full_hash(room.chain));
  to.number("asOf", history.as_of);
  to.end_object();
  return text;
}

}  // namespace callstate::tools
