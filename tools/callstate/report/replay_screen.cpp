#include "tools/callstate/report/replay_screen.hpp"

#include <algorithm>
#include <string_view>

#include "tools/callstate/report/canvas.hpp"
#include "tools/callstate/report/numbers.hpp"
#include "tools/callstate/report/state_fields.hpp"
#include "tools/callstate/report/times.hpp"
#include "tools/callstate/report/wording.hpp"
#include "transports/json_concat.hpp"

namespace callstate::tools {
namespace {

using transports::concat;

constexpr std::size_t columns_min = 20;
constexpr std::size_t rows_min = 6;
constexpr std::size_t list_width_max = 50;

struct Line {
  std::string text;
  Tone tone = Tone::plain;
};

std::string_view mark_of(call::Outcome outcome, bool ascii) {
  switch (outcome) {
    case call::Outcome::applied:
      return " ";
    case call::Outcome::ignored:
      return ascii ? "o" : "○";
    case call::Outcome::refused:
      return ascii ? "x" : "✗";
  }
  return " ";
}

/// A room in few lines: what a person looks at while stepping.
Fields brief_of(const call::Room& room) {
  const auto clock = [](call::Time time) {
    return time == call::Time() ? std::string() : write_clock(time);
  };
  Fields fields{{"state", std::string(name_of(room.state))},
                {"status", std::string(call_status(room))},
                {"call", room.call.empty() ? std::string() : call::to_string(room.call)},
                {"started", clock(room.started_at)},
                {"answered", clock(room.answered_at)},
                {"ended", clock(room.ended_at)},
                {"reason", std::string(name_of(room.end_reason))},
                {"seq", std::to_string(room.seq)}};
  for (const auto& participant : room.participants) {
    std::string text = concat(name_of(participant.state), ", ", name_of(participant.role));
    if (!participant.answered_on.empty()) {
      text += concat(", on ", participant.answered_on.view());
    } else if (!participant.rang_on.empty() && !participant.rang_on.back().empty()) {
      text += concat(", rang on ", participant.rang_on.back().view());
    }
    if (participant.state == call::ParticipantState::disconnected) {
      text += concat(" until ", clock(participant.grace_deadline));
    }
    fields.emplace_back(participant.user.view(), std::move(text));
  }
  return fields;
}

Fields brief_of(const StreamState* state) {
  if (state == nullptr) return {};
  if (state->stream.kind == call::StreamKind::room) return brief_of(state->room);
  return {{"online", state->user.online ? "yes" : "no"},
          {"offline at", state->user.offline_deadline == call::Time()
                             ? std::string()
                             : write_clock(state->user.offline_deadline)},
          {"seq", std::to_string(state->user.seq)}};
}

std::vector<Line> state_lines(const Player& player, std::size_t count) {
  std::vector<Line> lines;
  const StreamState* state = player.state();
  if (state == nullptr) {
    lines.push_back(
        {player.current() == nullptr ? "nothing yet" : "of the server itself", Tone::dim});
    return lines;
  }
  const bool of_room = state->stream.kind == call::StreamKind::room;
  lines.push_back({concat(of_room ? "room " : "user ", state->stream.name.view()), Tone::bold});
  const auto before = brief_of(player.state_before());
  const auto after = brief_of(state);
  const auto changes = changes_between(before, after);
  for (const auto& [name, value] : after) {
    if (value.empty()) continue;
    const bool changed = std::ranges::find(changes, name, &Change::field) != changes.end();
    lines.push_back(
        {concat(changed ? "* " : "  ", name, "  ", value), changed ? Tone::good : Tone::plain});
  }
  if (lines.size() > count && count > 0) {
    const auto left_out = lines.size() - count + 1;
    lines.resize(count - 1);
    lines.push_back({concat("  and ", left_out, " more: `state` at : shows all"), Tone::dim});
  }
  return lines;
}

std::vector<Line> list_lines(const Player& player, std::size_t count, bool ascii) {
  std::vector<Line> lines;
  const std::size_t above = std::min(player.at() == 0 ? 0 : player.at() - 1, count / 2);
  const std::size_t first = std::max<std::size_t>(player.at(), 1) - above;
  const auto records = player.look(first, first + count - 1);
  if (!records) return {{records.error().message, Tone::bad}};
  for (std::size_t i = 0; i < records->size(); ++i) {
    const auto& record = (*records)[i];
    const bool present = first + i == player.at();
    const std::string_view pointer = !present ? " " : ascii ? ">" : "▶";
    const auto subject = record.stream.kind == call::StreamKind::user ? record.stream.name.view()
                                                                      : record.actor.user.view();
    lines.push_back({concat(pointer, mark_of(record.outcome, ascii), record.position, " ",
                            write_clock(record.at), " ", type_of(record.payload), " ", subject),
                     present                                    ? Tone::bold
                     : record.outcome == call::Outcome::refused ? Tone::bad
                                                                : Tone::plain});
  }
  return lines;
}

std::vector<Line> detail_lines(const Player& player) {
  const Entry* entry = player.current();
  if (entry == nullptr) return {{"Before the first record: n steps on.", Tone::dim}, {}, {}};
  const auto& record = entry->record;
  std::string outcome(name_of(record.outcome));
  if (record.outcome == call::Outcome::refused) outcome += concat(" ", name_of(record.refusal));
  static const call::Room none;
  const call::Room* room = player.room();
  return {{concat(type_of(record.payload), " by ", record.actor.user.view(), " ",
                  standing_of(record.actor), ": ", outcome),
           record.outcome == call::Outcome::refused ? Tone::bad : Tone::bold},
          {details_of(*entry, room == nullptr ? none : *room)},
          {concat(write_time(record.at), " UTC, seq ", record.seq,
                  record.message_id.empty() ? "" : ", id ", record.message_id.view()),
           Tone::dim}};
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    lines.emplace_back(line);
    text.remove_prefix(std::min(text.size(), line.size() + 1));
  }
  return lines;
}

/// The parts of one screen, put together.
class Screen {
 public:
  Screen(const Replay& replay, const ReplayScreen& shown, const Paint& paint,
         const ScreenStyle& style)
      : player_(replay.player()),
        breakpoints_(replay.breakpoints().size()),
        shown_(shown),
        paint_(paint),
        style_(style) {}

  std::vector<std::string> draw() {
    if (style_.columns < columns_min || style_.rows < rows_min) {
      std::vector<std::string> small(style_.rows);
      if (!small.empty()) small.front() = clipped("too small", style_.columns, true);
      return small;
    }
    add(title(), Tone::bold);
    rule();
    constexpr std::size_t below = 6;  // two rules, three lines of the record, the prompt
    const std::size_t above = 2;
    const std::size_t body = style_.rows > above + below ? style_.rows - above - below : 0;
    shown_.help ? help(body) : panels(body);
    if (style_.rows >= above + below) {
      rule();
      for (const auto& line : detail_lines(player_)) add(line.text, line.tone);
      rule();
    }
    while (lines_.size() + 1 < style_.rows) lines_.emplace_back();
    lines_.resize(style_.rows - 1);
    add(bottom(), shown_.prompt ? Tone::plain : Tone::accent);
    return std::move(lines_);
  }

 private:
  void add(std::string_view text, Tone tone) {
    const std::string spelled = style_.ascii ? spelled_in_ascii(text) : std::string(text);
    lines_.push_back(paint_(tone, clipped(spelled, style_.columns, style_.ascii)));
  }
  void rule() {
    std::string line;
    for (std::size_t i = 0; i < style_.columns; ++i) line += style_.ascii ? "-" : "─";
    add(line, Tone::dim);
  }

  [[nodiscard]] std::string title() const {
    std::string text =
        concat(shown_.title, "  ", grouped(player_.at()), " of ", grouped(player_.size()));
    if (const auto* entry = player_.current())
      text += concat("  position ", entry->record.position);
    if (breakpoints_ > 0) text += concat("  ", count_of(breakpoints_, "breakpoint"));
    return text;
  }

  [[nodiscard]] std::string bottom() const {
    if (shown_.prompt) return *shown_.prompt + (style_.ascii ? "_" : "▏");
    if (!shown_.message.empty()) return split(shown_.message).back();
    return "n next  p back  g go  b break  c continue  / search  ? help  q quit";
  }

  void help(std::size_t rows) {
    const auto text = split(replay_help());
    for (std::size_t i = 0; i < std::min(rows, text.size()); ++i) add(text[i], Tone::plain);
  }

  void panels(std::size_t rows) {
    // Many lines of an answer take the place of the records.
    if (const auto said = split(shown_.message); said.size() > 3) {
      const std::size_t from = said.size() > rows ? said.size() - rows : 0;
      for (std::size_t i = from; i < said.size(); ++i) add(said[i], Tone::plain);
      return;
    }
    const std::size_t left = std::min(style_.columns / 2 + 1, list_width_max);
    const auto records = list_lines(player_, rows, style_.ascii);
    const auto state = state_lines(player_, rows);
    for (std::size_t row = 0; row < rows; ++row) {
      CanvasLine line(style_.columns);
      if (row < records.size()) {
        line.put(0, clipped(records[row].text, left - 1, style_.ascii), records[row].tone);
      }
      line.put(left, style_.ascii ? "|" : "│", Tone::dim);
      if (row < state.size()) {
        line.put(left + 2, clipped(state[row].text, style_.columns - left - 2, style_.ascii),
                 state[row].tone);
      }
      lines_.push_back(line.text(paint_));
    }
  }

  const Player& player_;
  const std::size_t breakpoints_;
  const ReplayScreen& shown_;
  const Paint& paint_;
  const ScreenStyle& style_;
  std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> render_screen(const Replay& replay, const ReplayScreen& screen,
                                       const Paint& paint, const ScreenStyle& style) {
  return Screen(replay, screen, paint, style).draw();
}

}  // namespace callstate::tools
