#pragma once

#include <bitset>
#include <cstddef>
#include <expected>
#include <functional>
#include <optional>
#include <variant>

#include "core/call/event.hpp"
#include "core/engine/ports.hpp"

namespace callstate::engine {

/// Which records of the log somebody wants to see, whatever became of them. The
/// server's own stream is of no tenant, and shown to all.
struct LogQuery {
  std::optional<call::TenantId> tenant;  // nothing: all, for who has the files themselves
  // Each leaves out what does not fit it.
  std::optional<call::RoomName> room{};  // of this room's stream
  std::optional<call::UserId> user{};    // by this user, or about it
  std::optional<call::CallId> call{};
  std::optional<call::Outcome> outcome{};
  std::bitset<std::variant_size_v<call::Payload>> types{};  // none set: all

  [[nodiscard]] bool fits(const call::Record& record) const;
};

/// Whether the user did it, or it is about the user.
[[nodiscard]] bool concerns(const call::Record& record, const call::UserId& user);

/// Is handed records as they are read. False: that one is enough.
using TakeRecord = std::function<bool(const call::Record&)>;

/// The records after `after` and up to `upto` that fit. At most `looks_max` records are
/// read, whether they fit or not. Gives the cursor: where there may be more that of the
/// last that was looked at, else `upto`. Any thread; reads the disk.
std::expected<call::Position, Failure> read_log(const LogReader& log, const LogQuery& query,
                                                call::Position after, call::Position upto,
                                                std::size_t looks_max, const TakeRecord& take);

/// The cursor after which the last `count` records up to `upto` that fit begin, or as
/// many of them as are among the last `looks_max`. Likewise.
std::expected<call::Position, Failure> before_last(const LogReader& log, const LogQuery& query,
                                                   std::size_t count, call::Position upto,
                                                   std::size_t looks_max);

}  // namespace callstate::engine
