#include "tools/callstate/report/timeline.hpp"

#include <chrono>

#include "tools/callstate/report/durations.hpp"
#include "tools/callstate/report/json_out.hpp"
#include "tools/callstate/report/wording.hpp"
#include "transports/json_concat.hpp"

namespace callstate::tools {
namespace {

using transports::concat;

constexpr call::Time unset{};
constexpr std::string_view dot = " · ";

Tone tone_of_outcome(call::Outcome outcome) {
  switch (outcome) {
    case call::Outcome::applied:
      return Tone::dim;
    case call::Outcome::ignored:
      return Tone::warning;
    case call::Outcome::refused:
      return Tone::bad;
  }
  return Tone::plain;
}

std::string times_of(const call::Room& room) {
  std::string text = "started " + write_time(room.started_at);
  if (room.answered_at != unset) {
    text += std::string(dot) + "answered " + write_clock(room.answered_at);
  }
  if (room.ended_at != unset) text += std::string(dot) + "ended " + write_clock(room.ended_at);
  return text + " UTC";
}

std::string records(const Chapter& chapter, const Paint& paint, Times times) {
  using Align = Table::Align;
  Table table({{"POSITION", Align::right},
               {"SEQ", Align::right},
               {"TIME (UTC)"},
               {"SINCE", Align::right},
               {"TYPE"},
               {"BY"},
               {"AS"},
               {"OUTCOME"},
               {"DETAILS"}});
  const call::Room& room = chapter.room;
  for (const Entry& entry : chapter.entries) {
    if (!entry.shown) continue;
    const call::Record& record = entry.record;
    const bool applied = record.outcome == call::Outcome::applied;
    const bool of_room = record.stream.kind == call::StreamKind::room;
    const bool in_call = chapter.has_call() && record.at >= room.started_at;
    const Tone tone = !of_room ? Tone::accent : applied ? Tone::plain : Tone::dim;
    std::string outcome(name_of(record.outcome));
    if (record.outcome == call::Outcome::refused) {
      outcome += concat(" ", name_of(record.refusal));
    }
    table.add({{std::to_string(record.position), tone},
               // The server's own numbers would look like holes in the room's.
               {of_room ? std::to_string(record.seq) : std::string(), tone},
               {times == Times::since_start ? std::string() : write_time(record.at), Tone::dim},
               {in_call ? since(room.started_at, record.at) : std::string(), tone},
               {std::string(type_of(record.payload)), applied && of_room ? Tone::bold : tone},
               {std::string(record.actor.user.view()), tone},
               {standing_of(record.actor), Tone::dim},
               {std::move(outcome), tone_of_outcome(record.outcome)},
               {details_of(entry, room), tone}});
  }
  return table.render(paint, 2);
}

}  // namespace

std::string render_heading(const History& history, const Chapter& chapter, const Paint& paint) {
  const std::string where =
      printable(concat(" in room ", history.room, " of tenant ", history.tenant.view()));
  if (!chapter.has_call()) return concat(paint(Tone::bold, "No call yet"), where, "\n");
  const call::Room& room = chapter.room;
  std::string status = paint(tone_of(room), call_status(room));
  if (const auto result = result_of(chapter); !result.empty()) {
    status += concat(" ", printable(result));
  }
  std::string text =
      concat(paint(Tone::bold, concat("Call ", call::to_string(room.call))), where, "\n", status,
             dot, printable(parties_of(room)), "\n", paint(Tone::dim, times_of(room)), "\n");
  if (!room.metadata.empty()) {
    text += concat(paint(Tone::dim, concat("metadata ", room.metadata)), "\n");
  }
  return text;
}

std::string render_timeline(const History& history, const Paint& paint, Times times) {
  std::string text;
  for (const Chapter& chapter : history.chapters) {
    if (!chapter.shows_any()) continue;
    if (!text.empty()) text += '\n';
    text += render_heading(history, chapter, paint) + '\n' + records(chapter, paint, times);
  }
  return text;
}

std::string timeline_json(const History& history, Times times) {
  std::string text;
  for (const Chapter& chapter : history.chapters) {
    for (const Entry& entry : chapter.entries) {
      if (!entry.shown) continue;
      std::string line = record_json(entry.record, entry.hash);
      if (times == Times::since_start && chapter.has_call()) {
        using std::chrono::milliseconds;
        const auto since =
            std::chrono::floor<milliseconds>(entry.record.at - chapter.room.started_at);
        line.pop_back();  // to be closed again
        line += concat(",\"sinceStartMs\":", since.count(), "}");
      }
      text += line + '\n';
    }
  }
  return text;
}

}  // namespace callstate::tools
