#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "core/call/event.hpp"
#include "core/history/ports.hpp"

namespace callstate::projections {

using history::Trouble;

/// Something that follows the log: takes records in order, and applies what they
/// mean together with the position it has come to. A `Runner` drives it, on one
/// thread of its own.
class Projection {
 public:
  virtual ~Projection() = default;

  /// `index`, `postgres`, `webhooks`: as in settings, metrics and the tools.
  [[nodiscard]] virtual std::string_view name() const = 0;

  /// Begins, or begins again after trouble: forgets what was taken and not
  /// committed, and gives the position to go on from (the next record taken is the
  /// one behind it).
  virtual std::expected<call::Position, Trouble> open(const std::string& log_id,
                                                      call::Position head) = 0;

  /// Whether it may go on from before the log's beginning: it has had what was dropped,
  /// and only folds some of it anew.
  [[nodiscard]] virtual bool may_begin_later() const { return false; }

  /// The next record. Does nothing that lasts.
  virtual std::expected<void, Trouble> take(const call::Record& record) = 0;

  /// Applies what was taken, up to `position`, as a whole.
  virtual std::expected<void, Trouble> commit(call::Position position) = 0;

  /// What was passed over on purpose, as of the last `open`.
  [[nodiscard]] virtual const std::vector<history::Skipped>& skipped() const = 0;

  /// Goes beyond a poison record on purpose, and records that.
  virtual std::expected<void, Trouble> skip(call::Position position, const std::string& reason,
                                            call::Time at) = 0;
};

}  // namespace callstate::projections
