#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/engine/ports.hpp"
#include "core/history/call_history.hpp"
#include "core/history/outbox.hpp"
#include "projections/projection.hpp"

namespace callstate::projections {

/// Outgoing webhooks as a projection: what a receiver is told of goes from the log
/// into the outbox, together with how far the log has been read; a `Sender` takes it
/// from there.
///
/// What the events say comes from the fold of the calls. Of that nothing is kept:
/// it is folded anew at each `open`, from the start of the oldest call that was
/// live, and what was told before is not told again.
class Webhooks final : public Projection {
 public:
  /// Events that wait for their receiver, at most: beyond that the log is read no
  /// further until some are taken or given up. Nothing is lost by it.
  static constexpr std::size_t waiting_max = 100'000;

  struct Hooks {
    std::function<void()> appended;                   // there is something to be sent
    std::function<void(std::string_view line)> warn;  // a line for the operator
  };
  /// `begin`: what comes after this position is told where nothing was told before. The
  /// log's head before anybody could append, since `open` is called later.
  Webhooks(history::Outbox& outbox, call::Position begin, const engine::Clock& clock, Hooks hooks)
      : outbox_(outbox), begin_(begin), clock_(clock), hooks_(std::move(hooks)) {}

  [[nodiscard]] std::string_view name() const override { return "webhooks"; }
  std::expected<call::Position, Trouble> open(const std::string& log_id,
                                              call::Position head) override;
  [[nodiscard]] bool may_begin_later() const override { return true; }
  std::expected<void, Trouble> take(const call::Record& record) override;
  std::expected<void, Trouble> commit(call::Position position) override;
  [[nodiscard]] const std::vector<history::Skipped>& skipped() const override { return skipped_; }
  std::expected<void, Trouble> skip(call::Position position, const std::string& reason,
                                    call::Time at) override;

 private:
  /// Takes over what was folded; gives how it stands at the position.
  history::Outbox::Standing standing_at(call::Position position);

  history::Outbox& outbox_;
  const call::Position begin_;
  const engine::Clock& clock_;
  const Hooks hooks_;
  std::string log_id_;
  call::Position told_ = 0;  // what comes after it is new
  history::CallHistory history_;
  std::set<std::pair<call::Position, call::CallId>> live_;  // by where they started
  std::vector<history::OutgoingEvent> events_;              // taken, not committed
  std::vector<history::Skipped> skipped_;
};

}  // namespace callstate::projections
