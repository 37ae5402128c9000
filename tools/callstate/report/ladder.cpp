#include "tools/callstate/report/ladder.hpp"

#include <algorithm>
#include <string_view>
#include <variant>
#include <vector>

#include "core/call/evolve.hpp"
#include "tools/callstate/report/canvas.hpp"
#include "tools/callstate/report/lanes.hpp"
#include "tools/callstate/report/timeline.hpp"
#include "tools/callstate/report/wording.hpp"
#include "transports/json_concat.hpp"

namespace callstate::tools {
namespace {

using transports::concat;

constexpr std::size_t width_min = 40;
constexpr std::size_t time_width = 11;  // `+59:59.999`, and a space
constexpr std::size_t lane_width_min = 10;
constexpr std::size_t lane_width_max = 30;

struct Glyphs {
  std::string_view line, arrow, right, left, from, refused, ignored, note, across;
};
constexpr Glyphs drawn{"│", "─", "▶", "◀", "●", "✗", "○", "◇", "╌"};
constexpr Glyphs in_ascii{"|", "-", ">", "<", "*", "x", "o", "+", "~"};

/// Why, where the type alone says little.
std::string_view reason_of(const call::Payload& payload) {
  if (const auto* ended = std::get_if<call::Ended>(&payload)) return name_of(ended->reason);
  if (const auto* left = std::get_if<call::ParticipantLeft>(&payload)) {
    return name_of(left->reason);
  }
  if (const auto* media = std::get_if<call::MediaReported>(&payload)) return media->event;
  return {};
}

std::string label_of(const call::Record& record) {
  std::string label(type_of(record.payload));
  if (record.outcome == call::Outcome::refused) {
    return concat(label, " refused ", name_of(record.refusal));
  }
  if (record.outcome == call::Outcome::ignored) return label + " ignored";
  const auto reason = reason_of(record.payload);
  return reason.empty() ? label : concat(label, " ", reason);
}

/// Whom of the participants the server's own event is about; null: all.
const call::UserId* subject_of(const call::Payload& payload) {
  if (const auto* left = std::get_if<call::ParticipantLeft>(&payload)) return &left->user;
  if (const auto* joined = std::get_if<call::ParticipantJoined>(&payload)) return &joined->user;
  if (const auto* offline = std::get_if<call::CalleeOffline>(&payload)) return &offline->callee;
  return nullptr;
}

/// The drawing of one call.
class Ladder {
 public:
  Ladder(const Chapter& chapter, const Paint& paint, const LadderStyle& style)
      : chapter_(chapter),
        paint_(paint),
        ascii_(style.ascii),
        glyphs_(style.ascii ? in_ascii : drawn),
        width_(std::max(style.width, width_min) - time_width),
        lanes_(chapter, width_ / lane_width_min),
        lane_width_(
            std::min(width_ / std::max<std::size_t>(lanes_.all().size(), 1), lane_width_max)) {}

  std::string draw() {
    if (lanes_.all().empty()) return {};
    draw_titles();
    for (const Entry& entry : chapter_.entries) {
      const bool of_room = entry.record.stream.kind == call::StreamKind::room;
      call::evolve(room_, entry.record);
      if (!entry.shown) continue;
      const auto& record = entry.record;
      time_ = chapter_.has_call() && record.at >= chapter_.room.started_at
                  ? since(chapter_.room.started_at, record.at)
                  : std::string();
      if (record.outcome != call::Outcome::applied) {
        draw_mark(record);
      } else if (!of_room || record.actor.role == call::Role::system) {
        draw_of_server(record);
      } else {
        draw_arrow(record);
      }
    }
    return std::move(text_);
  }

 private:
  [[nodiscard]] std::size_t middle(std::size_t lane) const {
    return time_width + lane * lane_width_ + lane_width_ / 2;
  }

  [[nodiscard]] CanvasLine empty_line() const {
    CanvasLine line(time_width + width_);
    for (std::size_t lane = 0; lane < lanes_.all().size(); ++lane) {
      line.put(middle(lane), glyphs_.line, Tone::dim);
    }
    return line;
  }

  void end_line(CanvasLine& line) {
    if (!time_.empty()) {
      const auto shown = clipped(time_, time_width - 1, ascii_);
      line.put(time_width - 1 - width_of(shown), shown, Tone::dim);
      time_.clear();
    }
    text_ += line.text(paint_) + '\n';
  }

  void draw_titles() {
    CanvasLine users(time_width + width_);
    CanvasLine devices(time_width + width_);
    const auto title = [&](CanvasLine& line, std::size_t lane, std::string_view what, Tone tone) {
      const auto shown = clipped(what, lane_width_ - 1, ascii_);
      const std::size_t half = width_of(shown) / 2;
      line.put(std::max(middle(lane), half) - half, shown, tone);
    };
    const auto& all = lanes_.all();
    for (std::size_t lane = 0; lane < all.size(); ++lane) {
      const bool shared = lanes_.others() > 0 && lane + 1 == all.size();
      title(users, lane, all[lane].user.view(), Tone::bold);
      title(
          devices, lane,
          shared ? concat("and ", lanes_.others(), " more") : std::string(all[lane].device.view()),
          Tone::dim);
    }
    text_ += users.text(paint_) + '\n' + devices.text(paint_) + '\n';
  }

  /// A label beside a column, on the side where there is more room for it.
  void put_beside(CanvasLine& line, std::size_t column, std::string_view label, Tone tone) const {
    const std::size_t right = line.width() - column - 1;
    const std::size_t left = column - time_width;
    const std::size_t wanted = width_of(label) + 2;
    if (wanted <= right || right >= left) {
      line.put(column + 2, clipped(label, right - 1, ascii_), tone);
    } else {
      const auto shown = clipped(label, left - 1, ascii_);
      line.put(column - 1 - width_of(shown), shown, tone);
    }
  }

  void draw_note(std::size_t lane, std::string_view glyph, std::string_view label, Tone tone) {
    auto line = empty_line();
    line.put(middle(lane), glyph, tone);
    put_beside(line, middle(lane), label, tone);
    end_line(line);
  }

  void draw_mark(const call::Record& record) {
    const bool refused = record.outcome == call::Outcome::refused;
    if (record.actor.role == call::Role::system) return draw_across(label_of(record));
    draw_note(lanes_.of(record.actor), refused ? glyphs_.refused : glyphs_.ignored,
              label_of(record), refused ? Tone::bad : Tone::warning);
  }

  void draw_of_server(const call::Record& record) {
    const auto* subject = subject_of(record.payload);
    const auto lanes = subject == nullptr ? std::vector<std::size_t>() : lanes_.of(*subject);
    if (lanes.empty()) return draw_across(label_of(record));
    draw_note(lanes.front(), glyphs_.note, label_of(record), Tone::accent);
  }

  void draw_across(std::string_view label) {
    CanvasLine line(time_width + width_);
    const std::size_t end = time_width + lane_width_ * lanes_.all().size();
    line.fill(time_width, end, glyphs_.across, Tone::dim);
    const auto shown = concat(" ", clipped(label, width_ - 4, ascii_), " ");
    const std::size_t half = width_of(shown) / 2;
    const std::size_t centre = (time_width + end) / 2;
    line.put(std::max(centre, time_width + half) - half, shown, Tone::accent);
    end_line(line);
  }

  /// Who hears what somebody has sent.
  [[nodiscard]] std::vector<std::size_t> heard_by(const call::Record& record) const {
    std::vector<std::size_t> lanes;
    const auto own = lanes_.of(record.actor);
    const auto add = [&](const call::UserId& user) {
      for (const auto lane : lanes_.of(user)) {
        if (lane != own) lanes.push_back(lane);
      }
    };
    if (const auto* signal = std::get_if<call::Signaled>(&record.payload)) {
      add(signal->to);
    } else {
      for (const auto& participant : room_.participants) add(participant.user);
    }
    return lanes;
  }

  void draw_arrow(const call::Record& record) {
    const auto label = label_of(record);
    const auto own = lanes_.of(record.actor);
    const auto hearers = heard_by(record);
    if (hearers.empty()) return draw_note(own, glyphs_.from, label, Tone::plain);
    const auto [first, last] = std::ranges::minmax(hearers);
    const std::size_t from = middle(own);
    // The label's place: from the sender to the nearest column, on the side of an arrow.
    const bool to_right = last > own;
    const std::size_t room = lane_width_ - 1;
    const bool fits = width_of(label) + 4 <= room;
    if (!fits) {
      auto line = empty_line();
      put_beside(line, from, label, Tone::bold);
      end_line(line);
    }
    auto line = empty_line();
    if (last > own) line.fill(from + 1, middle(last), glyphs_.arrow, Tone::plain);
    if (first < own) line.fill(middle(first) + 1, from, glyphs_.arrow, Tone::plain);
    line.put(from, glyphs_.from);
    for (const auto lane : hearers) {
      line.put(middle(lane), lane > own ? glyphs_.right : glyphs_.left);
    }
    if (fits) {
      const auto shown = concat(" ", label, " ");
      const std::size_t spare = room - width_of(shown);
      const std::size_t start = to_right ? from + 1 : from - room;
      line.put(start + spare / 2, shown, Tone::bold);
    }
    end_line(line);
  }

  const Chapter& chapter_;
  const Paint& paint_;
  const bool ascii_;
  const Glyphs& glyphs_;
  const std::size_t width_;  // of the lanes
  const Lanes lanes_;
  const std::size_t lane_width_;
  call::Room room_;   // as of the event that is drawn
  std::string time_;  // of it, until a line has shown it
  std::string text_;
};

std::string heading(const History& history, const Chapter& chapter, const Paint& paint,
                    const LadderStyle& style) {
  std::string text;
  const std::string drawn_heading = render_heading(history, chapter, Paint(false));
  const std::string all = style.ascii ? spelled_in_ascii(drawn_heading) : drawn_heading;
  for (std::string_view rest = all; !rest.empty();) {
    const auto line = rest.substr(0, rest.find('\n'));
    text += paint(text.empty() ? Tone::bold : Tone::dim,
                  clipped(line, std::max(style.width, width_min), style.ascii)) +
            '\n';
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  }
  return text;
}

}  // namespace

std::string render_ladder(const History& history, const Paint& paint, const LadderStyle& style) {
  std::string text;
  for (const Chapter& chapter : history.chapters) {
    if (!chapter.shows_any()) continue;
    if (!text.empty()) text += '\n';
    text += heading(history, chapter, paint, style) + '\n' + Ladder(chapter, paint, style).draw();
  }
  return text;
}

}  // namespace callstate::tools
