#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "core/call/world.hpp"
#include "core/history/call_history.hpp"

namespace callstate::history {

/// What a sink would hold after all changes.
struct Rows {
  std::map<call::CallId, CallRow> calls;
  std::vector<EventRow> events;
  call::Position position = 0;

  void apply(Changes changes) {
    for (auto& row : changes.calls) calls[row.id] = std::move(row);
    for (auto& event : changes.events) events.emplace_back(std::move(event));
    position = changes.position;
  }
  [[nodiscard]] std::vector<CallRow> live() const {
    std::vector<CallRow> rows;
    for (const auto& [id, row] : calls) {
      if (is_live(row.status)) rows.push_back(row);
    }
    return rows;
  }
};

inline Rows fold(std::span<const call::Record> log) {
  CallHistory history;
  for (const auto& record : log) history.add(record);
  Rows rows;
  rows.apply(history.take());
  return rows;
}

/// The row of the room's present or last call.
inline CallRow row_of(const call::World& world) {
  const auto rows = fold(world.log).calls;
  const auto found = rows.find(world.room.call);
  EXPECT_NE(found, rows.end());
  return found == rows.end() ? CallRow{} : found->second;
}

}  // namespace callstate::history
