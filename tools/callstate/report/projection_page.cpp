#include "tools/callstate/report/projection_page.hpp"

#include <array>
#include <set>
#include <tuple>

#include "tools/callstate/report/durations.hpp"
#include "tools/callstate/report/numbers.hpp"
#include "tools/callstate/report/times.hpp"

namespace callstate::tools {
namespace {

using projections::State;

bool has_trouble(const projections::Status& status) {
  return status.trouble && status.state != State::following && status.state != State::catching_up;
}

std::string state_text(const projections::Status& status) {
  std::string text(name_of(status.state));
  for (auto& c : text)
    if (c == '_') c = ' ';
  return text;
}

/// How far behind, and nothing where it is level.
std::string lag_text(const projections::Status& status) {
  if (status.lag_records == 0) return {};
  std::string text = count_of(status.lag_records, "record");
  if (status.lag > call::Duration{}) text += ", " + describe_duration(status.lag);
  return text;
}

std::string job_text(const ProjectionView& view, JobKind kind) {
  const auto& job = view.job(kind);
  if (!job || job->is_over()) return {};
  const auto total = std::max<call::Position>(job->progress.total, 1);
  std::string text(name_of(kind));
  text.append(" ").append(std::to_string(100 * std::min(job->progress.done, total) / total));
  return text.append("%");
}

/// What another role is told.
std::string_view told(std::string_view what) {
  return what.empty() ? "what it is, is told to the role SERVICE" : what;
}

std::string notes(const ProjectionView& view, const Paint& paint) {
  const auto& status = view.status;
  std::string text;
  if (has_trouble(status)) {
    text.append("\n").append(paint(Tone::bad, status.name));
    if (status.trouble_at != call::Time())
      text.append(" (").append(write_time(status.trouble_at)).append(")");
    text.append(": ").append(paint(Tone::plain, told(status.trouble->message))).append(".\n");
    if (status.state == State::stopped_by_poison) {
      text.append("  To go beyond it: callstate projection skip ").append(status.name);
      text.append(" ").append(std::to_string(status.trouble->position));
      text.append(" --reason WHY\n");
    }
  }
  for (const auto& skipped : status.skipped) {
    text.append("\n").append(paint(Tone::warning, status.name)).append(": record ");
    text.append(std::to_string(skipped.position)).append(" was skipped on ");
    text.append(write_time(skipped.at)).append(": ");
    text.append(paint(Tone::plain, told(skipped.reason))).append("\n");
  }
  return text;
}

std::string drift_table(const history::Verified& verified, const Paint& paint) {
  Table table({{"WHAT"},
               {"TABLE"},
               {"CALL"},
               {"POSITION", Table::Align::right},
               {"COLUMN"},
               {"BY THE LOG"},
               {"FOUND"}});
  constexpr std::array tones{Tone::bad, Tone::warning, Tone::bad};
  for (const auto& drift : verified.drift) {
    table.add({{std::string(name_of(drift.kind)), tones.at(static_cast<std::size_t>(drift.kind))},
               {drift.table},
               {drift.call.empty() ? std::string() : call::to_string(drift.call), Tone::bold},
               {drift.position == 0 ? std::string() : std::to_string(drift.position)},
               {drift.column},
               {drift.expected},
               {drift.found}});
  }
  return table.render(paint, 2);
}

/// A row may be listed several times, once for each column.
std::size_t rows_in(const history::Verified& verified) {
  std::set<std::tuple<std::string, std::string, call::Position>> rows;
  for (const auto& drift : verified.drift)
    rows.emplace(drift.table, call::to_string(drift.call), drift.position);
  return rows.size();
}

}  // namespace

bool is_well(const ProjectionView& view, call::Duration lag_max) {
  const auto& status = view.status;
  if (has_trouble(status)) return false;
  if (status.state == State::stopped) return status.lag_records == 0;
  return status.state == State::following && status.lag <= lag_max;
}

std::string render_projections(const std::vector<ProjectionView>& views, call::Duration lag_max,
                               const Paint& paint) {
  if (views.empty()) return "There is no projection here.\n";
  Table table({{"PROJECTION"},
               {"STATE"},
               {"SINCE"},
               {"POSITION", Table::Align::right},
               {"HEAD", Table::Align::right},
               {"BEHIND"},
               {"NOW"}});
  std::string below;
  for (const auto& view : views) {
    const auto& status = view.status;
    const bool well = is_well(view, lag_max);
    table.add({{status.name, Tone::bold},
               {state_text(status), well ? Tone::good : Tone::bad},
               {status.since == call::Time() ? std::string() : write_time(status.since)},
               {grouped(status.position)},
               {grouped(status.head)},
               {lag_text(status), well ? Tone::plain : Tone::warning},
               {job_text(view, JobKind::rebuild) + job_text(view, JobKind::verify)}});
    below += notes(view, paint);
  }
  return table.render(paint) + below;
}

std::string render_rebuilt(const std::string& name, const history::Rebuilt& rebuilt,
                           const Paint& paint) {
  std::string text = paint(Tone::good, name + " is made anew");
  text.append(", as of position ").append(grouped(rebuilt.position));
  if (rebuilt.replaced && *rebuilt.replaced == 0) {
    text += ": all was right before, too";
  } else if (rebuilt.replaced) {
    text.append(": ").append(count_of(*rebuilt.replaced, "row")).append(" replaced");
  }
  return text + ".\n";
}

std::string render_verified(const std::string& name, const history::Verified& verified,
                            const Paint& paint) {
  std::string compared = count_of(verified.calls, "call");
  compared.append(" and ").append(count_of(verified.events, "event"));
  compared.append(" compared, as of position ").append(grouped(verified.position)).append(".\n");
  if (verified.drift.empty())
    return paint(Tone::good, name + " is as the log says").append(": ").append(compared);
  std::string text = paint(Tone::bad, name + " differs from the log");
  text.append(" in ").append(verified.more ? "more than " : "");
  text.append(count_of(rows_in(verified), "row")).append(": ").append(compared).append("\n");
  text.append(drift_table(verified, paint)).append("\n");
  if (verified.repaired == 0) {
    text.append("To mend it: callstate projection verify ").append(name).append(" --repair\n");
  } else {
    text.append(paint(Tone::good, count_of(verified.repaired, "row") + " mended"));
    text.append(verified.more ? ", and there is more: run it again.\n" : ".\n");
  }
  return text;
}

bool is_well(const history::Verified& verified) {
  return verified.drift.empty() || (verified.repaired > 0 && !verified.more);
}

}  // namespace callstate::tools
