#include "tools/callstate/report/state_page.hpp"

#include <utility>

#include "tools/callstate/report/durations.hpp"
#include "tools/callstate/report/times.hpp"
#include "tools/callstate/report/wording.hpp"
#include "transports/json_concat.hpp"

namespace callstate::tools {
namespace {

using transports::concat;

constexpr call::Time unset{};

std::string moment(call::Time time, call::Time start) {
  return write_time(time) + "  " + since(start, time);
}

std::string devices_of(const call::Participant& participant) {
  if (!participant.answered_on.empty()) {
    return "answered on " + std::string(participant.answered_on.view());
  }
  std::string text;
  for (const auto& device : participant.rang_on) {
    if (device.empty()) continue;
    text += (text.empty() ? "rang on " : ", ") + std::string(device.view());
  }
  return text;
}

std::string deadline_of(const call::Participant& participant) {
  if (participant.state == call::ParticipantState::disconnected) {
    return "was " + std::string(name_of(participant.before_disconnect)) + ", may return until " +
           write_clock(participant.grace_deadline);
  }
  if (participant.ring_deadline != unset) {
    return "rings until " + write_clock(participant.ring_deadline);
  }
  return {};
}

Tone tone_of_participant(call::ParticipantState state) {
  switch (state) {
    case call::ParticipantState::invited:
    case call::ParticipantState::ringing:
      return Tone::accent;
    case call::ParticipantState::joined:
      return Tone::good;
    case call::ParticipantState::disconnected:
      return Tone::warning;
    case call::ParticipantState::left:
    case call::ParticipantState::rejected:
      return Tone::dim;
  }
  return Tone::plain;
}

std::string facts(const History& history, const Paint& paint) {
  const Chapter& chapter = history.chapters.back();
  const call::Room& room = chapter.room;
  Table table({{""}, {""}});
  const auto add = [&](std::string_view what, std::string value, Tone tone = Tone::plain) {
    if (!value.empty()) table.add({{std::string(what), Tone::dim}, {std::move(value), tone}});
  };
  std::string status(call_status(room));
  if (const auto result = result_of(chapter); !result.empty()) status += " " + result;
  if (chapter.has_call()) {
    add("call", call::to_string(room.call));
    add("status", std::move(status), tone_of(room));
    add("started", moment(room.started_at, room.started_at));
  }
  if (room.answered_at != unset) add("answered", moment(room.answered_at, room.started_at));
  if (room.ended_at != unset) add("ended", moment(room.ended_at, room.started_at));
  if (room.state == call::CallState::ringing) {
    add("rings until", moment(room.ring_deadline, room.started_at));
  }
  if (room.state == call::CallState::connected && room.max_deadline != unset) {
    add("ends at", moment(room.max_deadline, room.started_at));
  }
  add("metadata", room.metadata);
  add("seq", std::to_string(room.seq));
  add("position", std::to_string(room.position));
  add("chain", short_hash(room.chain) + "…");
  return table.render(paint, 2);
}

std::string people(const call::Room& room, const Paint& paint) {
  Table table({{"PARTICIPANT"}, {"NAME"}, {"ROLE"}, {"STATE"}, {"DEVICE"}, {"DEADLINE"}});
  bool first_callee = true;
  for (const auto& participant : room.participants) {
    const bool caller = participant.role == call::CallRole::caller;
    std::string name;
    if (caller) {
      name = room.caller_name;
    } else if (std::exchange(first_callee, false)) {
      name = room.callee_name;
    }
    table.add({{std::string(participant.user.view()), Tone::bold},
               {std::move(name)},
               {std::string(name_of(participant.role))},
               {std::string(name_of(participant.state)), tone_of_participant(participant.state)},
               {devices_of(participant)},
               // Nobody waits any more once the call is over.
               {room.live() ? deadline_of(participant) : std::string()}});
  }
  return table.render(paint, 2);
}

}  // namespace

std::string render_state(const History& history, const Paint& paint) {
  const Chapter& chapter = history.chapters.back();
  const call::Room& room = chapter.room;
  std::string text = concat(
      paint(Tone::bold, concat("Room ", history.room)), " of tenant ",
      printable(history.tenant.view()), " is ", paint(tone_of(room), name_of(room.state)),
      paint(Tone::dim, concat(" as of position ", history.as_of)), "\n\n", facts(history, paint));
  if (!room.participants.empty()) text += concat("\n", people(room, paint));
  return text;
}

}  // namespace callstate::tools
