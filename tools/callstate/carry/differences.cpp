#include "tools/callstate/carry/differences.hpp"

#include <algorithm>
#include <utility>

#include "storage/stream_text.hpp"
#include "tools/callstate/carry/line.hpp"
#include "transports/json_concat.hpp"

namespace callstate::tools {
namespace {

using transports::concat;

std::string said(call::Outcome outcome, call::ErrorCode code, const call::Payload& payload) {
  if (outcome == call::Outcome::refused) return concat("refused ", name_of(code));
  if (outcome == call::Outcome::ignored) return "ignored";
  return concat("applied as ", type_of(payload));
}

/// With what is told apart by it.
std::string concluded(const call::Payload& payload) {
  std::string text(type_of(payload));
  if (const auto* ended = std::get_if<call::Ended>(&payload)) {
    text += concat(" ", name_of(ended->reason));
  } else if (const auto* left = std::get_if<call::ParticipantLeft>(&payload)) {
    text += concat(" ", name_of(left->reason));
  }
  return text;
}

}  // namespace

std::string situation_of(const call::Room& room, const call::Record& record) {
  return concat(type_of(record.payload), " in ", name_of(room.state));
}

void Differences::count(Difference difference, const call::Payload* recorded,
                        const call::Payload* now) {
  const auto [at, first] =
      found_.try_emplace({difference.rule, difference.recorded, difference.now});
  if (first) {
    if (recorded != nullptr) difference.recorded_event = event_text(*recorded);
    if (now != nullptr) difference.now_event = event_text(*now);
    at->second = std::move(difference);
  }
  ++at->second.count;
}

void Differences::add(const std::string& rule, const call::Record& record,
                      const std::string& recorded, const std::string& now) {
  count({.rule = rule,
         .recorded = recorded,
         .now = now,
         .first = record.position,
         .where = storage::describe(record.stream),
         .recorded_event = {},
         .now_event = {}},
        &record.payload, nullptr);
}

void Differences::add(const std::string& rule, const call::Record& record,
                      const call::Verdict& now) {
  Difference difference{.rule = rule,
                        .recorded = said(record.outcome, record.refusal, record.payload),
                        .now = said(now.outcome, now.refusal.code, now.payload),
                        .first = record.position,
                        .where = storage::describe(record.stream),
                        .recorded_event = {},
                        .now_event = {}};
  if (difference.now == difference.recorded) {
    difference.now += now.payload == record.payload ? ", of another call" : ", with other fields";
  }
  count(std::move(difference), &record.payload, &now.payload);
}

void Differences::add(const std::string& rule, const call::Record& record,
                      const call::Payload* now) {
  Difference difference{.rule = rule,
                        .recorded = "concluded " + concluded(record.payload),
                        .now = now == nullptr ? "nothing" : "concluded " + concluded(*now),
                        .first = record.position,
                        .where = storage::describe(record.stream),
                        .recorded_event = {},
                        .now_event = {}};
  if (difference.now == difference.recorded) difference.now += ", with other fields";
  count(std::move(difference), &record.payload, now);
}

void Differences::add_missing(const engine::RoomEntry& entry, call::Position after,
                              const call::Payload& now) {
  count({.rule = concat(type_of(now), " in ", name_of(entry.room.state)),
         .recorded = "nothing",
         .now = "concluded " + concluded(now),
         .first = after,
         .where = storage::describe(entry.stream),
         .recorded_event = {},
         .now_event = {}},
        nullptr, &now);
}

std::vector<Difference> Differences::sorted() && {
  std::vector<Difference> all;
  for (auto& [key, difference] : found_) all.push_back(std::move(difference));
  std::ranges::sort(all, {}, &Difference::first);
  return all;
}

}  // namespace callstate::tools
