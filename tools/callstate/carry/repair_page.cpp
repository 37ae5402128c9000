#include "tools/callstate/carry/repair_page.hpp"

#include <algorithm>

#include "tools/callstate/report/numbers.hpp"
#include "transports/json_concat.hpp"
#include "transports/json_writer.hpp"

namespace callstate::tools {
namespace {

using transports::concat;

constexpr std::size_t calls_shown_max = 3;

std::string run_of(call::Position first, call::Position last) {
  return first == last ? concat("position ", grouped(first))
                       : concat("positions ", grouped(first), " to ", grouped(last));
}

std::string calls_of(const storage::CutStream& stream) {
  std::string text;
  std::size_t shown = 0;
  for (const auto& call : stream.calls) {
    if (shown++ == calls_shown_max)
      return concat(text, " and ", stream.calls.size() - calls_shown_max, " more");
    text += concat(text.empty() ? "" : " ", call::to_string(call));
  }
  return text;
}

std::string what_was_cut(const storage::Repaired& repaired, const Paint& paint) {
  const auto unreadable = repaired.cut() - repaired.readable;
  std::string out =
      concat("Cut: ", run_of(repaired.kept + 1, repaired.end), " (", printable(repaired.why),
             ").\n", grouped(repaired.acknowledged), " of these ", grouped(repaired.cut()),
             " had been acknowledged for certain, the others may have been. ", grouped(unreadable),
             " cannot be read any more, so whose they are is not known.\n");
  if (repaired.streams.empty()) return out;
  out += concat(grouped(repaired.readable),
                " can be read in the damaged log, and are not in the copy:\n\n");
  Table table({{"FROM", Table::Align::right},
               {"TO", Table::Align::right},
               {"RECORDS", Table::Align::right},
               {"OF", Table::Align::left},
               {"CALLS", Table::Align::left}});
  for (const auto& stream : repaired.streams) {
    table.add({{grouped(stream.first)},
               {grouped(stream.last)},
               {grouped(stream.records)},
               {stream.stream},
               {calls_of(stream)}});
  }
  out += table.render(paint, 2);
  if (repaired.more_records > 0) {
    out += concat("  and ", count_of(repaired.more_records, "record"), " of others\n");
  }
  return out;
}

}  // namespace

std::string render_repair(const std::string& directory, const std::string& copy,
                          const storage::Repaired& repaired, const Paint& paint) {
  if (repaired.sound()) {
    return paint(Tone::good,
                 concat("The log in ", directory, " is sound; there is nothing to repair.")) +
           "\n";
  }
  std::string out = concat(printable(repaired.damage), ".\n\n");
  const std::string before =
      repaired.kept_before == 0
          ? std::string()
          : concat(", ", count_of(repaired.kept_before, "record"), " of before,");
  out +=
      paint(Tone::bold, concat("The copy in ", copy, " holds positions ", grouped(repaired.first),
                               " to ", grouped(repaired.kept), before, " and can be served."));
  out += "\n";
  if (repaired.new_log_id) {
    out +=
        concat("The log's id could not be read: the copy has a new one, ", repaired.log_id, ".\n");
  }
  out += repaired.cut() == 0 ? std::string("Nothing was cut: every record could be read.\n")
                             : what_was_cut(repaired, paint);
  return concat(out, "\nThe damaged log was not changed. Keep it for an inquiry.\n");
}

std::string repair_json(const std::string& directory, const std::string& copy,
                        const storage::Repaired& repaired) {
  std::string text;
  transports::JsonWriter to(text);
  to.begin_object();
  to.text("directory", directory);
  to.boolean("sound", repaired.sound());
  if (!repaired.sound()) {
    to.text("damage", repaired.damage);
    to.text("copy", copy);
    to.text("logId", repaired.log_id);
    to.boolean("newLogId", repaired.new_log_id);
    to.number("first", repaired.first);
    to.number("kept", repaired.kept);
    to.number("end", repaired.end);
    to.number("cut", repaired.cut());
    if (!repaired.why.empty()) to.text("why", repaired.why);
    to.number("acknowledged", repaired.acknowledged);
    to.number("readable", repaired.readable);
    to.begin_array("streams");
    for (const auto& stream : repaired.streams) {
      to.begin_object();
      to.text("stream", stream.stream);
      to.number("records", stream.records);
      to.number("first", stream.first);
      to.number("last", stream.last);
      to.begin_array("calls");
      for (const auto& call : stream.calls) to.text(call::to_string(call));
      to.end_array();
      to.end_object();
    }
    to.end_array();
    to.number("moreRecords", repaired.more_records);
  }
  to.end_object();
  text.push_back('\n');
  return text;
}

}  // namespace callstate::tools
