#include "tools/callstate/report/difference.hpp"

#include <array>

#include "tools/callstate/report/numbers.hpp"
#include "tools/callstate/report/state_fields.hpp"
#include "transports/json_concat.hpp"
#include "transports/json_writer.hpp"

namespace callstate::tools {
namespace {

using transports::concat;

struct Difference {
  std::array<std::uint64_t, 3> records{};  // between, by outcome
  std::vector<Change> changes;

  [[nodiscard]] std::uint64_t total() const { return records[0] + records[1] + records[2]; }
};

Difference difference_of(const History& history, call::Position from, call::Position to) {
  Difference found;
  for (const Chapter& chapter : history.chapters) {
    for (const Entry& entry : chapter.entries) {
      if (entry.record.position <= from || entry.record.position > to) continue;
      ++found.records[static_cast<std::size_t>(entry.record.outcome)];
    }
  }
  found.changes = changes_between(fields_of(as_of(history, from).chapters.back().room),
                                  fields_of(as_of(history, to).chapters.back().room));
  return found;
}

std::string counted(const Difference& found) {
  std::string text = count_of(found.total(), "record");
  constexpr std::array outcomes{call::Outcome::applied, call::Outcome::ignored,
                                call::Outcome::refused};
  for (const auto outcome : outcomes) {
    const auto count = found.records[static_cast<std::size_t>(outcome)];
    if (count > 0) text += concat(", ", grouped(count), " ", name_of(outcome));
  }
  return text;
}

}  // namespace

std::string render_difference(const History& history, call::Position from, call::Position to,
                              const Paint& paint) {
  const auto found = difference_of(history, from, to);
  std::string text = concat(paint(Tone::bold, concat("Room ", history.room)), " of tenant ",
                            printable(history.tenant.view()), " from position ", from, " to ", to,
                            ": ", counted(found), "\n");
  if (found.changes.empty()) return text + "Nothing of its state has changed.\n";
  Table table({{"FIELD"}, {concat("AT ", from)}, {concat("AT ", to)}});
  for (const auto& [field, before, after] : found.changes) {
    table.add({{field, Tone::dim},
               {shown_value(field, before), Tone::warning},
               {shown_value(field, after), Tone::good}});
  }
  return text + "\n" + table.render(paint, 2);
}

std::string difference_json(const History& history, call::Position from, call::Position to) {
  const auto found = difference_of(history, from, to);
  std::string text;
  transports::JsonWriter json(text);
  json.begin_object();
  json.text("roomName", history.room);
  json.text("tenantId", history.tenant.view());
  json.number("from", from);
  json.number("to", to);
  json.number("records", found.total());
  std::string changes = "[";
  for (const auto& [field, before, after] : found.changes) {
    if (changes.size() > 1) changes += ',';
    transports::JsonWriter change(changes);
    changes += '{';
    change.text("field", field);
    before.empty() ? change.null("before") : change.text("before", before);
    after.empty() ? change.null("after") : change.text("after", after);
    change.end_object();
  }
  json.raw("changes", changes + "]");
  json.end_object();
  return text + "\n";
}

}  // namespace callstate::tools
