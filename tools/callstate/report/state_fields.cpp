#include "tools/callstate/report/state_fields.hpp"

#include <algorithm>

#include "tools/callstate/report/times.hpp"
#include "tools/callstate/report/wording.hpp"
#include "transports/json_concat.hpp"
#include "transports/json_writer.hpp"

namespace callstate::tools {
namespace {

using transports::concat;

/// To the microsecond, so that what differs looks different.
std::string text_of(call::Time time) {
  if (time == call::Time()) return {};
  std::string text;
  transports::append_time(text, time);
  return text;
}

std::string text_of(const call::Hash& hash) {
  return hash == call::Hash() ? std::string() : full_hash(hash);
}

std::string number_of(std::uint64_t number) {
  return number == 0 ? std::string() : std::to_string(number);
}

class Collected {
 public:
  explicit Collected(std::string prefix = {}) : prefix_(std::move(prefix)) {}
  void add(std::string_view name, std::string_view value) {
    fields_.emplace_back(prefix_ + std::string(name), value);
  }
  Fields take() { return std::move(fields_); }

 private:
  std::string prefix_;
  Fields fields_;
};

Fields fields_of(const call::Participant& participant, std::size_t place) {
  Collected to(concat(participant.user.view(), "."));
  to.add("place", std::to_string(place));
  to.add("role", name_of(participant.role));
  to.add("state", name_of(participant.state));
  if (participant.before_disconnect != call::ParticipantState::invited ||
      participant.state == call::ParticipantState::disconnected) {
    to.add("before", name_of(participant.before_disconnect));
  }
  to.add("graceDeadline", text_of(participant.grace_deadline));
  to.add("ringDeadline", text_of(participant.ring_deadline));
  std::string devices;
  for (const auto& device : participant.rang_on) {
    // A nameless device counts too.
    devices += concat(devices.empty() ? "" : ", ", device.empty() ? "-" : device.view());
  }
  to.add("rangOn", devices);
  to.add("answeredOn", participant.answered_on.view());
  to.add("invitedBy", std::to_string(participant.invited_by));
  to.add("invitedPos", number_of(participant.invited_position));
  to.add("invitedSeq", number_of(participant.invited_seq));
  to.add("invitedAt", text_of(participant.invited_at));
  return to.take();
}

std::string_view value_of(const Fields& fields, std::string_view name) {
  const auto field = std::ranges::find(fields, name, &Fields::value_type::first);
  return field == fields.end() ? std::string_view() : field->second;
}

}  // namespace

Fields fields_of(const call::Room& room) {
  Collected to;
  to.add("callState", name_of(room.state));
  to.add("status", call_status(room));
  to.add("callId", room.call.empty() ? std::string() : call::to_string(room.call));
  to.add("group", room.group ? "yes" : "");
  to.add("callerName", room.caller_name);
  to.add("calleeName", room.callee_name);
  to.add("metadata", room.metadata);
  to.add("mediaRoom", room.media_room);
  to.add("startedAt", text_of(room.started_at));
  to.add("startedPos", number_of(room.started_position));
  to.add("startedSeq", number_of(room.started_seq));
  to.add("answeredAt", text_of(room.answered_at));
  to.add("endedAt", text_of(room.ended_at));
  to.add("endReason", name_of(room.end_reason));
  to.add("ringDeadline", text_of(room.ring_deadline));
  to.add("maxDeadline", text_of(room.max_deadline));
  Fields fields = to.take();
  for (std::size_t place = 0; place < room.participants.size(); ++place) {
    for (auto& field : fields_of(room.participants[place], place)) {
      fields.push_back(std::move(field));
    }
  }
  fields.emplace_back("seq", number_of(room.seq));
  fields.emplace_back("pos", number_of(room.position));
  fields.emplace_back("chain", text_of(room.chain));
  return fields;
}

Fields fields_of(const call::User& user) {
  return {{"online", user.online ? "yes" : ""},
          {"offlineDeadline", text_of(user.offline_deadline)},
          {"revokedBefore", text_of(user.revoked_before)},
          {"seq", number_of(user.seq)},
          {"pos", number_of(user.position)},
          {"chain", text_of(user.chain)}};
}

std::string shown_value(std::string_view field, std::string_view value) {
  constexpr std::size_t hash_shown = 8;
  if (value.empty()) return "-";
  if (field == "chain") return concat(value.substr(0, hash_shown), "…");
  return std::string(value);
}

std::vector<Change> changes_between(const Fields& before, const Fields& after) {
  std::vector<Change> changes;
  for (const auto& [name, value] : after) {
    const auto old = value_of(before, name);
    if (old != value) changes.push_back({name, std::string(old), value});
  }
  for (const auto& [name, value] : before) {
    const bool gone = std::ranges::find(after, name, &Fields::value_type::first) == after.end();
    if (gone && !value.empty()) changes.push_back({name, value, {}});
  }
  return changes;
}

}  // namespace callstate::tools
