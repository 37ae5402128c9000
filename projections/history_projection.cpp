#include "projections/history_projection.hpp"

#include <cassert>
#include <utility>

namespace callstate::projections {

std::expected<call::Position, Trouble> HistoryProjection::open(const std::string& log_id,
                                                               call::Position head) {
  auto standing = sink_.open(log_id, head);
  if (!standing) return std::unexpected(standing.error());
  history_ = history::CallHistory(standing->live);
  skipped_ = std::move(standing->skipped);
  return standing->position;
}

std::expected<void, Trouble> HistoryProjection::take(const call::Record& record) {
  history_.add(record);
  return {};
}

std::expected<void, Trouble> HistoryProjection::commit(call::Position position) {
  auto changes = history_.take();
  assert(changes.position <= position && "all that was taken is applied, and nothing else");
  // What lies in between was dropped from the log.
  changes.position = position;
  return sink_.apply(changes);
}

std::expected<void, Trouble> HistoryProjection::skip(call::Position position,
                                                     const std::string& reason, call::Time at) {
  return sink_.skip(position, reason, at);
}

}  // namespace callstate::projections
