#include "tools/callstate/report/statistics_page.hpp"

#include <numeric>

#include "tools/callstate/report/durations.hpp"
#include "tools/callstate/report/numbers.hpp"
#include "tools/callstate/report/times.hpp"
#include "transports/json_concat.hpp"
#include "transports/json_writer.hpp"

namespace callstate::tools {
namespace {

using transports::concat;

using Align = Table::Align;

std::uint64_t sum(const Statistics::Outcomes& outcomes) {
  return std::accumulate(outcomes.begin(), outcomes.end(), std::uint64_t{0});
}

Cell number(std::uint64_t count, Tone tone) {
  return count == 0 ? Cell{"·", Tone::dim} : Cell{grouped(count), tone};
}

std::vector<Cell> row_of(std::string name, const Statistics::Outcomes& outcomes, Tone tone) {
  return {{std::move(name), tone},
          number(sum(outcomes), tone),
          number(outcomes[0], Tone::good),
          number(outcomes[1], Tone::warning),
          number(outcomes[2], Tone::bad)};
}

std::string facts(const LogAbout& about, const Statistics& counted, const Paint& paint) {
  Table table({{""}, {""}});
  const auto add = [&](std::string_view what, std::string value) {
    table.add({{std::string(what), Tone::dim}, {std::move(value)}});
  };
  add("log", about.log_id + ", format " + std::to_string(about.format_version));
  add("at", about.path);
  const auto records = sum(counted.total);
  const std::string per_record =
      records == 0 ? "" : ", " + bytes_of(about.bytes / records) + " a record";
  add("size", bytes_of(about.bytes) + per_record);
  add("head", counted.head == 0 ? "empty" : "position " + grouped(counted.head));
  if (about.first > 1) {
    add("begins", concat("position ", grouped(about.first), ", older calls were dropped; ",
                         count_of(records + about.first - 1 - counted.head, "record"),
                         " of before were kept"));
  }
  if (about.mark != 0) {
    add("checkpoint", concat("position ", grouped(about.mark), ", ",
                             count_of(counted.head - about.mark, "record"), " before the head"));
  } else {
    add("checkpoint", "none");
  }
  if (counted.head != 0) {
    add("from", write_time(counted.first_at) + " UTC");
    add("to", write_time(counted.last_at) + " UTC, " +
                  describe_duration(counted.last_at - counted.first_at) + " later");
  }
  add("tenants", grouped(counted.tenants));
  add("users", grouped(counted.users));
  add("rooms", grouped(counted.rooms));
  add("calls", grouped(counted.calls));
  return table.render(paint, 2);
}

std::string counts(std::string title, const std::map<std::string, std::uint64_t, std::less<>>& by,
                   const Paint& paint) {
  if (by.empty()) return {};
  Table table({{std::move(title)}, {"COUNT", Align::right}});
  for (const auto& [name, count] : by) table.add({{name}, {grouped(count)}});
  return concat("\n", table.render(paint, 2));
}

void put_counts(transports::JsonWriter& to, std::string_view key,
                const std::map<std::string, std::uint64_t, std::less<>>& by) {
  to.begin_object(key);
  for (const auto& [name, count] : by) to.number(name, count);
  to.end_object();
}

void put_outcomes(transports::JsonWriter& to, std::string_view key,
                  const Statistics::Outcomes& outcomes) {
  to.begin_object(key);
  to.number("applied", outcomes[0]);
  to.number("ignored", outcomes[1]);
  to.number("refused", outcomes[2]);
  to.end_object();
}

}  // namespace

std::string render_counts(const Statistics& counted, const Paint& paint) {
  Table table({{"RECORDS"},
               {"ALL", Align::right},
               {"APPLIED", Align::right},
               {"IGNORED", Align::right},
               {"REFUSED", Align::right}});
  for (const auto& [type, outcomes] : counted.by_type) {
    table.add(row_of(type, outcomes, Tone::plain));
  }
  table.add(row_of("all", counted.total, Tone::bold));
  std::string text = table.render(paint, 2);
  text += counts("REFUSED AS", counted.refusals, paint);
  return text + counts("CALLS", counted.calls_by_status, paint);
}

std::string render_statistics(const LogAbout& about, const Statistics& counted,
                              const Paint& paint) {
  std::string text = facts(about, counted, paint);
  if (counted.head == 0) return text;
  return concat(text, "\n", render_counts(counted, paint));
}

void put_counts(transports::JsonWriter& to, const Statistics& counted) {
  to.number("tenants", counted.tenants);
  to.number("users", counted.users);
  to.number("rooms", counted.rooms);
  to.number("calls", counted.calls);
  put_outcomes(to, "records", counted.total);
  to.begin_object("recordsByType");
  for (const auto& [type, outcomes] : counted.by_type) put_outcomes(to, type, outcomes);
  to.end_object();
  put_counts(to, "refusals", counted.refusals);
  put_counts(to, "callsByStatus", counted.calls_by_status);
}

std::string statistics_json(const LogAbout& about, const Statistics& counted) {
  std::string text;
  transports::JsonWriter to(text);
  to.begin_object();
  to.text("path", about.path);
  to.text("logId", about.log_id);
  to.number("formatVersion", about.format_version);
  to.number("bytes", about.bytes);
  to.number("first", about.first);
  to.number("head", counted.head);
  to.number("checkpoint", about.mark);
  if (counted.head != 0) {
    to.time("firstAt", counted.first_at);
    to.time("lastAt", counted.last_at);
  }
  put_counts(to, counted);
  to.end_object();
  return text + '\n';
}

}  // namespace callstate::tools
