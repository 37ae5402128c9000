#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/history/folding.hpp"
#include "storage/call_index.hpp"
#include "storage/stores.hpp"

namespace callstate::storage::testing {

using history::CallQuery;
using history::CallRow;
using history::Changes;
using history::Party;
using history::Status;
using history::Trouble;

constexpr call::Time some_day{std::chrono::hours(24 * 365 * 55)};

inline call::TenantId tenant(std::string_view name) {
  return call::TenantId::clipped(name);
}
inline call::RoomName room(std::string_view name) {
  return call::RoomName::clipped(name);
}
inline call::CallId call_id(std::uint64_t number) {
  call::CallId id;
  for (std::size_t i = 0; i < 8; ++i)
    id.bytes[15 - i] = static_cast<std::uint8_t>(number >> (8 * i));
  id.bytes[0] = 1;
  return id;
}

/// The `number`th call, that many seconds after some day, and ended.
inline CallRow call_row(std::uint64_t number, std::vector<std::string_view> people = {"ann", "bob"},
                        std::string_view where = "r", std::string_view of = "acme") {
  CallRow row;
  row.id = call_id(number);
  row.tenant = tenant(of);
  row.room = room(where);
  for (const auto who : people) row.parties.emplace_back(call::user(who), call::Role::crm_user);
  row.status = Status::ended;
  row.started_at = some_day + std::chrono::seconds(number);
  row.started_position = row.changed_position = number;
  return row;
}

/// An index in a directory of its own, which remembers why it was built anew.
class CallIndexTest : public ::testing::Test {
 protected:
  /// The log's head is as far as need be, unless a test says otherwise.
  static constexpr call::Position far = 1'000'000'000;

  std::expected<history::HistorySink::Standing, Trouble> open(call::Position head = far,
                                                              const std::string& log = "a-log") {
    index.reset();
    index.emplace(CallIndexOptions{.path = path,
                                   .has_room = [this] { return room_left; },
                                   .on_rebuild = [this](const auto& why) { told.push_back(why); }});
    return index->open(log, head);
  }
  void put(std::vector<CallRow> rows) {
    const auto last = rows.back().changed_position;
    ASSERT_TRUE(index->apply({.calls = std::move(rows), .events = {}, .position = last, .at = {}}));
  }
  /// The numbers of the calls that a query gives, all pages of it.
  std::vector<std::uint64_t> found(CallQuery query) {
    std::vector<std::uint64_t> numbers;
    pages = 0;
    for (;;) {
      const auto page = index->calls(query);
      EXPECT_TRUE(page) << page.error().message;
      if (!page) return numbers;
      ++pages;
      EXPECT_LE(page->calls.size(), query.limit);
      for (const auto& row : page->calls) numbers.push_back(row.started_position);
      if (!page->next) return numbers;
      query.after = page->next;
    }
  }

  TemporaryDirectory directory;
  std::filesystem::path path = directory / "index";
  bool room_left = true;
  std::vector<std::string> told;
  std::optional<CallIndex> index;
  int pages = 0;
};

}  // namespace callstate::storage::testing
