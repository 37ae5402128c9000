#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <vector>

#include "core/engine/log_query.hpp"
#include "transports/log_text.hpp"
#include "transports/server.hpp"

// Private to transports: the server's inside.

namespace callstate::transports {

/// A stretch of the log as it is shown.
struct LogPage {
  struct Line {
    call::Position position = 0;
    std::string text;
  };
  std::vector<Line> lines{};
  call::Position cursor = 0;  // where the next page begins
  call::Position head = 0;    // of the log
  bool revokes = false;       // tokens of who reads were revoked in it
};

/// The log in pages, for one who may see all of it. Only what is durable is read; the
/// thread that calls these waits for the disk. All that it is given outlives it.
class LogPages {
 public:
  LogPages(const ServerPorts& ports, const LogRequest& wanted, const call::UserId& reader)
      : ports_(ports), wanted_(wanted), reader_(reader) {}

  /// Where the first page begins: at the cursor that was asked for, before the last few,
  /// else at `otherwise`.
  [[nodiscard]] std::expected<call::Position, engine::Failure> begin(
      call::Position otherwise) const;

  /// At most `max` records after `after`. Its work and its bytes are bounded: it may hold
  /// none, and there may be more all the same.
  [[nodiscard]] std::expected<LogPage, engine::Failure> read(call::Position after,
                                                             std::size_t max) const;

 private:
  const ServerPorts& ports_;
  const LogRequest& wanted_;
  const call::UserId& reader_;
};

}  // namespace callstate::transports
