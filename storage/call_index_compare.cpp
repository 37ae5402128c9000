#include "storage/detail/index_compare.hpp"

#include <array>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "storage/detail/index_codec.hpp"
#include "storage/detail/index_keys.hpp"

namespace callstate::storage::index {
namespace {

using history::CallRow;
using history::Drift;

std::string text_of(call::Time time) {
  if (time == call::Time()) return {};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  std::array<char, 80> text{};
  std::snprintf(
      text.data(), text.size(), "%04d-%02u-%02u %02d:%02d:%02d.%06d", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()), static_cast<int>(clock.subseconds().count()));
  return text.data();
}

std::string text_of(const std::vector<history::Party>& parties) {
  std::string text;
  for (const auto& party : parties) {
    if (!text.empty()) text += ", ";
    text += party.user.view();
    if (party.role) text.append(" (").append(name_of(*party.role)).append(")");
  }
  return text;
}

using Columns = std::vector<std::pair<std::string_view, std::string>>;

/// As GET /v1/calls names them.
Columns columns_of(const CallRow& row) {
  return {{"tenantId", std::string(row.tenant.view())},
          {"roomName", std::string(row.room.view())},
          {"participants", text_of(row.parties)},
          {"callerName", row.caller_name},
          {"calleeName", row.callee_name},
          {"metadata", row.metadata},
          {"status", std::string(name_of(row.status))},
          {"startedAt", text_of(row.started_at)},
          {"answeredAt", text_of(row.answered_at)},
          {"endedAt", text_of(row.ended_at)},
          {"ringDeadline", text_of(row.ring_deadline)},
          {"duration", std::to_string(row.duration_s)},
          {"endReason", std::string(name_of(row.end_reason))},
          {"detail", row.end_detail},
          {"startedPos", std::to_string(row.started_position)},
          {"pos", std::to_string(row.changed_position)}};
}

std::span<const std::uint8_t> bytes_of(rocksdb::Slice slice) {
  return {reinterpret_cast<const std::uint8_t*>(slice.data()), slice.size()};
}

/// What a key is of.
Drift about(std::string_view key, Drift::Kind kind) {
  Drift drift{.kind = kind, .call = call_in_key(key).value_or(call::CallId())};
  switch (key.empty() ? '\0' : key.front()) {
    case 'c':
      drift.table = "calls";
      break;
    case 'e':
      drift.table = "events";
      drift.position = parse_event_key(key).value_or(0);
      break;
    case 'l':
      drift.table = "live calls";
      break;
    case 'n':
      drift.table = "events of no call";
      drift.position = parse_stray_key(key).value_or(0);
      break;
    case 'b':
      drift.table = "starts of the server";
      drift.position = parse_start_key(key).value_or(0);
      break;
    case 's':
      drift.table = "skipped";
      drift.position = parse_skip_key(key).value_or(0);
      break;
    case 't':
      drift.table = "calls of the tenant";
      break;
    case 'u':
      drift.table = "calls of a user";
      break;
    case 'r':
      drift.table = "calls of a room";
      break;
    default:
      drift.table = "no table";
  }
  return drift;
}

class Comparison {
 public:
  Comparison(rocksdb::DB& expected, rocksdb::DB& found, std::size_t listed_max)
      : listed_max_(listed_max),
        expected_(expected.NewIterator({})),
        found_(found.NewIterator({})) {}

  std::expected<Difference, rocksdb::Status> run() {
    expected_->SeekToFirst();
    found_->SeekToFirst();
    while (!difference_.more && (expected_->Valid() || found_->Valid())) step();
    for (const auto* each : {expected_.get(), found_.get()})
      if (!each->status().ok()) return std::unexpected(each->status());
    return std::move(difference_);
  }

 private:
  void step() {
    const int order = !expected_->Valid() ? 1
                      : !found_->Valid()  ? -1
                                          : expected_->key().compare(found_->key());
    if (order <= 0) count(expected_->key().ToStringView());
    if (order < 0) {
      note(expected_->key().ToStringView(),
           {about(expected_->key().ToStringView(), Drift::Kind::missing)});
    } else if (order > 0) {
      note(found_->key().ToStringView(), {about(found_->key().ToStringView(), Drift::Kind::extra)});
    } else if (expected_->value() != found_->value()) {
      note(found_->key().ToStringView(), differences());
    }
    if (order <= 0) expected_->Next();
    if (order >= 0) found_->Next();
  }

  void count(std::string_view key) {
    if (key.starts_with('c')) ++difference_.calls;
    if (key.starts_with('e')) ++difference_.events;
  }

  void note(std::string_view key, std::vector<Drift> drift) {
    if (key == checkpoint_key || drift.empty()) return;
    difference_.more = difference_.keys.size() == listed_max_;
    if (difference_.more) return;
    difference_.keys.emplace_back(key);
    for (auto& each : drift) difference_.drift.push_back(std::move(each));
  }

  /// Of the values at the same key, whose bytes differ.
  std::vector<Drift> differences() {
    const auto key = found_->key().ToStringView();
    const auto drift = about(key, Drift::Kind::differs);
    const auto right = decode_call(bytes_of(expected_->value()));
    const auto wrong = decode_call(bytes_of(found_->value()));
    if (!key.starts_with('c') || !right || !wrong) return {drift};
    if (*right == *wrong) return {};
    std::vector<Drift> all;
    const auto expected = columns_of(*right);
    const auto found = columns_of(*wrong);
    for (std::size_t i = 0; i < expected.size(); ++i) {
      if (expected[i] == found[i]) continue;
      all.push_back(drift);
      all.back().column = expected[i].first;
      all.back().expected = expected[i].second;
      all.back().found = found[i].second;
    }
    if (all.empty()) all.push_back(drift);
    return all;
  }

  const std::size_t listed_max_;
  std::unique_ptr<rocksdb::Iterator> expected_;
  std::unique_ptr<rocksdb::Iterator> found_;
  Difference difference_;
};

}  // namespace

std::expected<Difference, rocksdb::Status> compare(rocksdb::DB& expected, rocksdb::DB& found,
                                                   std::size_t listed_max) {
  return Comparison(expected, found, listed_max).run();
}

}  // namespace callstate::storage::index
