#include "projections/webhooks/webhooks.hpp"

#include <algorithm>

#include "projections/webhooks/call_events.hpp"

namespace callstate::projections {

std::expected<call::Position, Trouble> Webhooks::open(const std::string& log_id,
                                                      call::Position head) {
  auto opened = outbox_.open(log_id, head, std::min(begin_, head));
  if (!opened) return std::unexpected(opened.error());
  if (!opened->note.empty()) hooks_.warn(opened->note);
  log_id_ = log_id;
  skipped_ = std::move(opened->skipped);
  told_ = opened->standing.position;
  history_ = {};
  live_.clear();
  events_.clear();
  hooks_.appended();
  return opened->standing.fold_after;
}

std::expected<void, Trouble> Webhooks::take(const call::Record& record) {
  history_.add(record);
  if (record.position <= told_ || !may_be_told(record)) return {};
  const auto* row = history_.find(record.call);
  if (row == nullptr) return {};  // it began before anybody was to be told
  for (auto& event : events_of(record, *row, log_id_)) {
    event.queued_at = clock_.now();
    events_.push_back(std::move(event));
  }
  return {};
}

history::Outbox::Standing Webhooks::standing_at(call::Position position) {
  for (const auto& row : history_.take().calls) {
    const std::pair key(row.started_position, row.id);
    if (history::is_live(row.status)) {
      live_.insert(key);
    } else {
      live_.erase(key);
    }
  }
  const auto fold_after = live_.empty() ? position : live_.begin()->first - 1;
  return {.position = position, .fold_after = std::min(fold_after, position)};
}

std::expected<void, Trouble> Webhooks::commit(call::Position position) {
  const auto standing = standing_at(position);
  if (position <= told_) return {};  // folded anew
  const auto waiting = outbox_.counts().waiting;
  if (!events_.empty() && waiting > 0 && waiting + events_.size() > waiting_max) {
    return std::unexpected(
        Trouble{.kind = Trouble::Kind::passing,
                .message = std::to_string(waiting) +
                           " webhooks wait for their receiver: no more are made from the log "
                           "until some are taken or given up; look at the receiver",
                .position = 0});
  }
  if (auto appended = outbox_.append(events_, standing); !appended) return appended;
  told_ = position;
  if (!events_.empty()) hooks_.appended();
  events_.clear();
  return {};
}

std::expected<void, Trouble> Webhooks::skip(call::Position position, const std::string& reason,
                                            call::Time at) {
  auto standing = standing_at(std::max(position, told_));
  auto skipped = outbox_.skip(standing, reason, at);
  if (skipped) told_ = standing.position;
  return skipped;
}

}  // namespace callstate::projections
