#include "tools/callstate/report/filter.hpp"

#include "core/engine/log_query.hpp"
#include "tools/callstate/report/numbers.hpp"
#include "transports/json_concat.hpp"

namespace callstate::tools {
namespace {

using transports::concat;

std::string described(const Filter& filter) {
  std::string text;
  const auto add = [&](const auto&... parts) {
    text += concat(text.empty() ? "" : ", ", parts...);
  };
  if (filter.user) add("of user ", filter.user->view());
  if (filter.outcome) add("with the outcome ", name_of(*filter.outcome));
  if (filter.from) add("from ", write_time(*filter.from), " UTC on");
  if (filter.to) add("up to ", write_time(*filter.to), " UTC");
  return text;
}

}  // namespace

std::expected<void, std::string> check(const Filter& filter) {
  if (!filter.from || !filter.to || *filter.from <= *filter.to) return {};
  return std::unexpected(concat("--from, ", write_time(*filter.from), " UTC, is after --to, ",
                                write_time(*filter.to), " UTC: exchange them"));
}

bool passes(const Filter& filter, const call::Record& record) {
  if (filter.user && !engine::concerns(record, *filter.user)) return false;
  if (filter.from && record.at < *filter.from) return false;
  if (filter.to && record.at > *filter.to) return false;
  return !filter.outcome || record.outcome == *filter.outcome;
}

std::expected<void, Trouble> apply(const Filter& filter, History& history) {
  std::uint64_t all = 0;
  std::uint64_t shown = 0;
  for (auto& chapter : history.chapters) {
    for (auto& entry : chapter.entries) {
      entry.shown = passes(filter, entry.record);
      ++all;
      if (entry.shown) ++shown;
    }
  }
  if (shown > 0) return {};
  const auto& first = history.chapters.front().entries.front().record;
  const auto& last = history.chapters.back().entries.back().record;
  return std::unexpected(
      Trouble{Exit::found,
              concat("Nothing in room ", history.room, " is ", described(filter), ". It has ",
                     count_of(all, "record"), ", of ", write_time(first.at), " to ",
                     write_time(last.at), " UTC: ask for more of them, or leave the filter out.")});
}

}  // namespace callstate::tools
