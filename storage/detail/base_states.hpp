#pragma once

#include <optional>
#include <variant>

#include "storage/detail/database.hpp"

// The states that a log begins with from which older calls were dropped: what stands in
// for a snapshot that is not there.

namespace callstate::storage {

inline engine::SnapshotStore::Mark base_mark(const Database& database) {
  return database.beginning ? database.beginning->mark : engine::SnapshotStore::Mark{};
}

template <class State>
std::optional<State> base_of(const Database& database, const call::Stream& stream) {
  const auto* found = database.beginning ? database.beginning->find(stream) : nullptr;
  const auto* state = found == nullptr ? nullptr : std::get_if<State>(&found->state);
  return state == nullptr ? std::nullopt : std::optional(*state);
}

}  // namespace callstate::storage
