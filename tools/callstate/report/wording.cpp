#include "tools/callstate/report/wording.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <variant>

#include "tools/callstate/report/durations.hpp"
#include "tools/callstate/report/times.hpp"
#include "transports/json_concat.hpp"

namespace callstate::tools {
namespace {

using transports::concat;

constexpr std::string_view arrow = " → ";

template <class Users>
std::string list(const Users& users) {
  std::string text;
  for (const auto& user : users) {
    if (!text.empty()) text += ", ";
    text += user.view();
  }
  return text;
}

std::string named(const call::UserId& user, const std::string& name) {
  std::string text(user.view());
  return name.empty() ? text : text + " (" + name + ")";
}

std::string joined(std::string first, const std::string& second) {
  if (!first.empty() && !second.empty()) first += ", ";
  return first + second;
}

/// One overload per event: a new one does not compile until it has its words.
struct Details {
  const call::Record& record;
  const call::Room& room;  // at the end of the call

  [[nodiscard]] bool applied() const { return record.outcome == call::Outcome::applied; }

  std::string operator()(const call::CallStarted& event) const {
    std::string text = named(event.caller, event.caller_name) + std::string(arrow);
    text += event.callees.size() == 1 ? named(event.callees.front(), event.callee_name)
                                      : list(event.callees);
    if (!applied()) return text;
    return text + ", rings for " + describe_duration(event.ring_deadline - record.at);
  }
  std::string operator()(const call::Ringing&) const { return {}; }
  std::string operator()(const call::Accepted&) const {
    if (!applied() || room.answered_at != record.at) return {};
    return "answered after " + describe_duration(record.at - room.started_at);
  }
  std::string operator()(const call::Rejected& event) const { return event.reason; }
  std::string operator()(const call::Ended& event) const {
    if (!applied()) return event.detail;
    std::string text(name_of(event.reason));
    if (room.answered_at != call::Time()) {
      text = joined(text, "talked " + describe_duration(std::chrono::seconds(event.duration_s)));
    }
    return joined(text, event.detail);
  }
  std::string operator()(const call::TimedOut&) const { return "nobody answered"; }
  std::string operator()(const call::CalleeOffline& event) const {
    return std::string(event.callee.view()) + " has no session";
  }
  std::string operator()(const call::Invited& event) const { return list(event.callees); }
  std::string operator()(const call::Signaled& event) const {
    return "to " + std::string(event.to.view()) + ", " + std::to_string(event.data.size()) +
           " bytes";
  }
  std::string operator()(const call::ParticipantJoined& event) const {
    return std::string(event.user.view()) + " is back";
  }
  std::string operator()(const call::ParticipantLeft& event) const {
    std::string text = std::string(event.user.view()) + ", " + std::string(name_of(event.reason));
    if (event.reason != call::LeaveReason::disconnected) return text;
    return text + ", may return within " + describe_duration(event.grace_deadline - record.at);
  }
  std::string operator()(const call::UserOnline&) const { return {}; }
  std::string operator()(const call::UserOffline&) const { return {}; }
  std::string operator()(const call::UserInCall& event) const {
    return std::string(event.room.view());
  }
  std::string operator()(const call::ServerStarted& event) const {
    return "version " + event.version + ", everybody has " +
           describe_duration(event.grace_deadline - record.at) + " to come back";
  }
  std::string operator()(const call::MediaReported& event) const {
    std::string text = event.event;
    if (!event.user.empty()) text += concat(" ", event.user.view());
    return joined(std::move(text), event.detail);
  }
  std::string operator()(const call::Revoked& event) const {
    return "tokens of " + write_time(event.before) + " and before";
  }
  std::string operator()(const call::Sealed& event) const {
    return "positions " + std::to_string(event.first) + " to " + std::to_string(event.last) +
           (event.key == call::KeyId{} ? ", unsigned" : ", signed");
  }
};

template <std::size_t N>
std::string hex(const call::Hash& hash) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < N; ++i) {
    text += digits[hash[i] >> 4U];
    text += digits[hash[i] & 0x0FU];
  }
  return text;
}

}  // namespace

std::string details_of(const Entry& entry, const call::Room& room) {
  const call::Record& record = entry.record;
  std::string text = std::visit(Details{record, room}, record.payload);
  if (record.outcome == call::Outcome::applied) return text;
  return joined(std::move(text), "while " + std::string(name_of(entry.before)));
}

std::string parties_of(const call::Room& room) {
  std::string callers;
  std::string callees;
  for (const auto& participant : room.participants) {
    auto& text = participant.role == call::CallRole::caller ? callers : callees;
    text = joined(std::move(text), std::string(participant.user.view()));
  }
  return callers + std::string(arrow) + callees;
}

std::string result_of(const Chapter& chapter) {
  for (auto entry = chapter.entries.rbegin(); entry != chapter.entries.rend(); ++entry) {
    const auto* ended = std::get_if<call::Ended>(&entry->record.payload);
    if (ended == nullptr || entry->record.outcome != call::Outcome::applied) continue;
    return Details{entry->record, chapter.room}(*ended);
  }
  return {};
}

Tone tone_of(const call::Room& room) {
  switch (room.state) {
    case call::CallState::idle:
      return Tone::dim;
    case call::CallState::ringing:
      return Tone::accent;
    case call::CallState::connected:
      return Tone::good;
    case call::CallState::ended:
      return room.answered_at != call::Time() ? Tone::good : Tone::warning;
  }
  return Tone::plain;
}

std::string standing_of(const call::Actor& actor) {
  if (actor.role == call::Role::system) return {};
  std::string text(name_of(actor.role));
  if (!actor.device.empty()) text += concat(" ", actor.device.view());
  return text;
}

std::string since(call::Time start, call::Time time) {
  const auto ms = std::chrono::floor<std::chrono::milliseconds>(time - start).count();
  if (ms < 0) return concat("-", since(time, start).substr(1));
  std::array<char, 48> text{};
  const auto part = [&](std::int64_t unit, std::int64_t count) { return ms / unit % count; };
  const auto put = [&](const char* format, auto... numbers) {
    std::snprintf(text.data(), text.size(), format, static_cast<int>(numbers)...);
  };
  if (ms < 60'000) {
    put("+%d.%03d", ms / 1'000, part(1, 1'000));
  } else if (ms < 3'600'000) {
    put("+%d:%02d.%03d", ms / 60'000, part(1'000, 60), part(1, 1'000));
  } else {
    put("+%d:%02d:%02d.%03d", ms / 3'600'000, part(60'000, 60), part(1'000, 60), part(1, 1'000));
  }
  return text.data();
}

std::string short_hash(const call::Hash& hash) {
  return hex<4>(hash);
}
std::string full_hash(const call::Hash& hash) {
  return hex<32>(hash);
}

}  // namespace callstate::tools
