#include "tools/callstate/report/verification_page.hpp"

#include "tools/callstate/report/durations.hpp"
#include "tools/callstate/report/numbers.hpp"
#include "transports/json_writer.hpp"

namespace callstate::tools {
namespace {

std::string range(const Verification& found) {
  return grouped(found.first) + " to " + grouped(found.head);
}

/// Of a log that begins later.
std::string beginning(const Verification& found) {
  if (found.first == 1) return {};
  return "The log begins with position " + grouped(found.first) +
         ": what came before was dropped on purpose, but for " + count_of(found.kept, "record") +
         " that were kept.\n";
}

std::string summary(const Verification& found, std::chrono::duration<double> took) {
  std::string text = count_of(found.records, "record") + " in " +
                     count_of(found.streams, "stream") + ", " +
                     count_of(found.snapshots, "snapshot") + " compared";
  if (found.mark != 0) text += ", checkpoint at position " + grouped(found.mark);
  text += ", in " + describe_duration(std::chrono::duration_cast<std::chrono::microseconds>(took));
  return text;
}

}  // namespace

std::string render_verification(const Verification& found, std::chrono::duration<double> took,
                                const Paint& paint) {
  if (found.good()) {
    const std::string head =
        found.head == 0 ? "The log is empty" : "Positions " + range(found) + " are sound";
    return paint(Tone::good, head) + ": " + summary(found, took) + ".\n" + beginning(found);
  }
  std::string text = paint(Tone::bad, (found.cut_short ? "More than " : "") +
                                          count_of(found.problems.size(), "problem"));
  // Nothing was read of a log that could not even be opened.
  text += found.head == 0 ? ", and nothing can be read:\n\n"
                          : " in positions " + range(found) + ": " + summary(found, took) + ".\n\n";
  text += beginning(found);
  Table table({{"POSITION", Table::Align::right}, {"WHERE"}, {"WHAT"}});
  for (const auto& problem : found.problems) {
    const bool of_the_whole = problem.position == 0;
    table.add({{of_the_whole ? "" : std::to_string(problem.position), Tone::bold},
               {problem.where.empty() ? "the log" : problem.where},
               {problem.what}});
  }
  return text + table.render(paint, 2);
}

std::string verification_json(const Verification& found, std::chrono::duration<double> took) {
  std::string text;
  transports::JsonWriter to(text);
  to.begin_object();
  to.boolean("ok", found.good());
  to.number("head", found.head);
  to.number("first", found.first);
  to.number("kept", found.kept);
  to.number("records", found.records);
  to.number("streams", found.streams);
  to.number("snapshots", found.snapshots);
  to.number("checkpoint", found.mark);
  to.number("milliseconds", static_cast<std::uint64_t>(took.count() * 1'000));
  to.begin_array("problems");
  for (const auto& problem : found.problems) {
    to.begin_object();
    to.number("pos", problem.position);
    if (!problem.where.empty()) to.text("where", problem.where);
    to.text("what", problem.what);
    to.end_object();
  }
  to.end_array();
  if (found.cut_short) to.boolean("more", true);
  to.end_object();
  return text + '\n';
}

}  // namespace callstate::tools
