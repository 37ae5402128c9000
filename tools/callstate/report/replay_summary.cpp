#include "tools/callstate/report/replay_summary.hpp"

#include <algorithm>
#include <vector>

#include "tools/callstate/report/durations.hpp"
#include "tools/callstate/report/numbers.hpp"
#include "tools/callstate/report/state_fields.hpp"
#include "tools/callstate/report/statistics_page.hpp"
#include "tools/callstate/report/times.hpp"
#include "tools/callstate/report/wording.hpp"
#include "transports/json_concat.hpp"
#include "transports/json_writer.hpp"

namespace callstate::tools {
namespace {

using transports::concat;

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::uint64_t total(const Statistics& counted) {
  return counted.total[0] + counted.total[1] + counted.total[2];
}

std::uint64_t rate(const ReplaySummary& summary) {
  const auto seconds = std::chrono::duration<double>(summary.took).count();
  return seconds > 0
             ? static_cast<std::uint64_t>(static_cast<double>(total(summary.counted)) / seconds)
             : 0;
}

}  // namespace

call::Hash digest_of(const Player::States& states, const Digest& digest) {
  std::vector<std::pair<std::string_view, const StreamState*>> sorted;
  sorted.reserve(states.size());
  for (const auto& [key, state] : states) sorted.emplace_back(key, state.get());
  std::ranges::sort(sorted);
  call::Hash all{};
  for (const auto& [key, state] : sorted) {
    // Each with all before it.
    std::string text(all.begin(), all.end());
    transports::append_json_string(text, key);
    const bool of_room = state->stream.kind == call::StreamKind::room;
    for (const auto& [name, value] : of_room ? fields_of(state->room) : fields_of(state->user)) {
      transports::append_json_string(text, name);
      transports::append_json_string(text, value);
    }
    all = digest(bytes_of(text));
  }
  return all;
}

std::string render_replay(const ReplaySummary& summary, const std::string& what,
                          const Paint& paint) {
  const Statistics& counted = summary.counted;
  const auto records = total(counted);
  Table table({{""}, {""}});
  const auto add = [&](std::string_view name, std::string value) {
    table.add({{std::string(name), Tone::dim}, {std::move(value)}});
  };
  add("replayed", what);
  add("records", records == 0 ? "none"
                              : concat(grouped(records), ", positions ", grouped(summary.first),
                                       " to ", grouped(counted.head)));
  if (records > 0) {
    add("from", write_time(counted.first_at) + " UTC");
    add("to", concat(write_time(counted.last_at), " UTC, ",
                     describe_duration(counted.last_at - counted.first_at), " later"));
  }
  add("rooms", grouped(counted.rooms));
  add("calls", grouped(counted.calls));
  add("took", concat(describe_duration(summary.took), ", ", grouped(rate(summary)), " a second"));
  add("state", full_hash(summary.state));
  std::string text = table.render(paint, 2);
  if (records > 0) text += concat("\n", render_counts(counted, paint));
  return text;
}

std::string replay_json(const ReplaySummary& summary) {
  const Statistics& counted = summary.counted;
  std::string text;
  transports::JsonWriter to(text);
  to.begin_object();
  to.number("first", summary.first);
  to.number("last", counted.head);
  if (counted.head != 0) {
    to.time("firstAt", counted.first_at);
    to.time("lastAt", counted.last_at);
  }
  put_counts(to, counted);
  using std::chrono::milliseconds;
  to.number("tookMs", static_cast<std::uint64_t>(
                          std::chrono::duration_cast<milliseconds>(summary.took).count()));
  to.number("recordsPerSecond", rate(summary));
  to.text("state", full_hash(summary.state));
  to.end_object();
  return text + "\n";
}

}  // namespace callstate::tools
