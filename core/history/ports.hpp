#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "core/history/rows.hpp"

// What the history asks of those who keep it. No port throws.

namespace callstate::history {

/// Why something that keeps a projection could not do it.
struct Trouble {
  enum class Kind : std::uint8_t {
    passing,  // worth trying again: not reachable, full, timed out, a lost connection
    lasting,  // somebody must act: another log's rows, a table that does not fit, no permission
    poison,   // one record cannot be applied: `position` is its own
  };
  Kind kind = Kind::passing;
  std::string message;  // what happened and what to do about it; no secret in it
  call::Position position = 0;
};

/// A position that was passed over on purpose.
struct Skipped {
  call::Position position = 0;
  std::string reason;
  call::Time at{};

  friend bool operator==(const Skipped&, const Skipped&) = default;
};

/// Where rows are kept. Each change is applied with the position it brings the
/// rows to, in one transaction: exactly once, whatever crashes. One thread.
class HistorySink {
 public:
  virtual ~HistorySink() = default;

  /// How far the rows have come, and the calls that are live in them.
  struct Standing {
    call::Position position = 0;
    std::vector<CallRow> live{};
    std::vector<Skipped> skipped{};  // by position
  };
  /// Connects, and makes or updates what rows are kept in. Refuses (`lasting`) rows
  /// of another log than `log_id`, and rows that are ahead of `head`; one whose rows
  /// are nobody else's may drop them and begin anew. Is called again after any
  /// trouble.
  virtual std::expected<Standing, Trouble> open(const std::string& log_id, call::Position head) = 0;

  virtual std::expected<void, Trouble> apply(const Changes& changes) = 0;

  /// Goes beyond `position` on purpose, and keeps a note that it was skipped.
  virtual std::expected<void, Trouble> skip(call::Position position, const std::string& reason,
                                            call::Time at) = 0;
};

/// Where a page of calls begins: behind this call. Newest first: by start, then by id,
/// both falling.
struct CallCursor {
  call::Time started_at{};
  call::CallId id;
};

struct CallQuery {
  call::TenantId tenant;
  call::UserId user{};               // empty: whoever took part
  call::RoomName room{};             // empty: any
  std::optional<Status> status{};    // nothing: any
  std::optional<call::Time> from{};  // started at or after
  std::optional<call::Time> to{};    // started before
  std::optional<CallCursor> after{};
  std::size_t limit = 50;
};

/// The work of one page is bounded: it may hold fewer calls than were asked for,
/// or none, and there may be more all the same.
struct CallPage {
  std::vector<CallRow> calls;
  std::optional<CallCursor> next{};  // nothing: that was all
};

/// Reading the history. Any thread. Nothing crosses tenants: what is not the
/// tenant's is not found.
class HistoryReader {
 public:
  virtual ~HistoryReader() = default;

  /// How far the rows have come.
  [[nodiscard]] virtual call::Position position() const = 0;

  virtual std::expected<CallPage, Trouble> calls(const CallQuery& query) const = 0;
  virtual std::expected<std::optional<CallRow>, Trouble> call(const call::TenantId& tenant,
                                                              const call::CallId& id) const = 0;
  /// The positions of the call's records after `after`, rising, the first `limit`.
  virtual std::expected<std::vector<call::Position>, Trouble> events(const call::TenantId& tenant,
                                                                     const call::CallId& id,
                                                                     call::Position after,
                                                                     std::size_t limit) const = 0;
};

/// Says where in the log the records of a room or a call lie. Any thread.
class RecordFinder {
 public:
  virtual ~RecordFinder() = default;

  using Positions = std::vector<call::Position>;  // rising, each once

  /// Up to where in the log it can say.
  [[nodiscard]] virtual call::Position position() const = 0;
  /// Of the room's whole stream; of every tenant's room of this name where none is given.
  virtual std::expected<Positions, Trouble> of_room(const std::optional<call::TenantId>& tenant,
                                                    const call::RoomName& room) const = 0;
  virtual std::expected<Positions, Trouble> of_call(const call::CallId& id) const = 0;
  /// Of the server's starts, which concern every room with a live call.
  virtual std::expected<Positions, Trouble> of_starts() const = 0;
};

}  // namespace callstate::history
