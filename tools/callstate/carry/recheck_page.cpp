#include "tools/callstate/carry/recheck_page.hpp"

#include "tools/callstate/report/durations.hpp"
#include "tools/callstate/report/numbers.hpp"
#include "transports/json_concat.hpp"
#include "transports/json_writer.hpp"

namespace callstate::tools {
namespace {

using transports::concat;

std::string counted(const Rechecked& found, std::chrono::duration<double> took) {
  return concat(count_of(found.messages, "message"), " and ",
                count_of(found.conclusions, "conclusion"), " decided anew, ",
                count_of(found.folded, "record"), " only folded, in ",
                describe_duration(std::chrono::ceil<call::Duration>(took)), ".\n");
}

void add_event(std::string& out, std::string_view what, const std::string& event) {
  if (!event.empty()) out += concat("    ", what, " ", printable(event), "\n");
}

}  // namespace

std::string render_recheck(const Rechecked& found, std::chrono::duration<double> took,
                           const Paint& paint) {
  std::string out;
  if (found.head == 0) return "The log holds nothing.\n";
  if (found.good()) {
    out = paint(Tone::good, concat("Positions ", grouped(found.first), " to ", grouped(found.head),
                                   " are decided today as they were recorded."));
    return concat(out, "\n", counted(found, took));
  }
  out = paint(Tone::bad, concat(count_of(found.different, "record"), " of ", grouped(found.records),
                                " would be decided otherwise today."));
  out += "\n\n";
  Table table({{"FIRST AT", Table::Align::right},
               {"TIMES", Table::Align::right},
               {"RULE", Table::Align::left},
               {"RECORDED", Table::Align::left},
               {"NOW", Table::Align::left}});
  for (const auto& each : found.differences) {
    table.add(
        {{grouped(each.first)}, {grouped(each.count)}, {each.rule}, {each.recorded}, {each.now}});
  }
  out += table.render(paint, 2);
  for (const auto& each : found.differences) {
    out += concat("\n  position ", each.first, ", ", printable(each.where), "\n");
    add_event(out, "recorded", each.recorded_event);
    add_event(out, "now     ", each.now_event);
  }
  return concat(out, "\n", counted(found, took));
}

std::string recheck_json(const Rechecked& found, std::chrono::duration<double> took) {
  std::string text;
  transports::JsonWriter to(text);
  to.begin_object();
  to.boolean("good", found.good());
  to.number("first", found.first);
  to.number("head", found.head);
  to.number("records", found.records);
  to.number("messages", found.messages);
  to.number("conclusions", found.conclusions);
  to.number("onlyFolded", found.folded);
  to.number("different", found.different);
  to.raw("seconds", std::to_string(took.count()));
  to.begin_array("differences");
  for (const auto& each : found.differences) {
    to.begin_object();
    to.text("rule", each.rule);
    to.text("recorded", each.recorded);
    to.text("now", each.now);
    to.number("count", each.count);
    to.number("first", each.first);
    to.text("stream", each.where);
    if (!each.recorded_event.empty()) to.text("recordedEvent", each.recorded_event);
    if (!each.now_event.empty()) to.text("nowEvent", each.now_event);
    to.end_object();
  }
  to.end_array();
  to.end_object();
  text.push_back('\n');
  return text;
}

}  // namespace callstate::tools
