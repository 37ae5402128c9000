#include "tools/callstate/report/carried_page.hpp"

#include "tools/callstate/report/numbers.hpp"
#include "tools/callstate/report/table.hpp"
#include "transports/json_concat.hpp"
#include "transports/json_writer.hpp"

namespace callstate::tools {

using transports::concat;

std::string render_carried(const CarriedPage& page) {
  const auto head = grouped(page.head);
  return concat(count_of(page.records, "record"), " ", page.what,
                page.what == "exported" ? " to " : " into ", printable(page.where), " (",
                bytes_of(page.bytes), "): ",
                page.part ? concat("a part of log ", page.log_id, ", whose head was ", head)
                          : concat("log ", page.log_id, ", positions 1 to ", head),
                page.anonymised ? ", anonymised" : "", ".\n",
                page.part && page.what == "imported"
                    ? "It is for the tools; no server can go on with a part.\n"
                    : "");
}

std::string carried_json(const CarriedPage& page) {
  std::string text;
  transports::JsonWriter to(text);
  to.begin_object();
  to.text(page.what == "exported" ? "file" : "dataDir", page.where);
  to.text("logId", page.log_id);
  to.number("records", page.records);
  to.number("head", page.head);
  to.boolean("part", page.part);
  to.boolean("anonymised", page.anonymised);
  to.number("bytes", page.bytes);
  to.end_object();
  text.push_back('\n');
  return text;
}

}  // namespace callstate::tools
