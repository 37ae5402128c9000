#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/history/ports.hpp"

// What is to be told to a receiver outside of this process, until it has taken
// it. Not derivable: that something was taken is known nowhere else.

namespace callstate::history {

/// An event on its way. Its id is the same for every attempt, and the same again
/// where it is made from the log a second time.
struct OutgoingEvent {
  std::uint64_t number = 0;  // given by the outbox: the order in which events came
  std::string id;            // printable ASCII, no `/`; ids sort as their events in the log
  std::string type;
  call::CallId call;
  call::TenantId tenant;  // whose call it is
  call::Time queued_at{};
  std::string body;  // what is sent
};

/// One that was given up.
struct DeadEvent {
  OutgoingEvent event;
  call::Time died_at{};
  std::uint32_t attempts = 0;  // since the process last started
  std::string why{};           // what became of the last attempt, in words
};

/// Keeps them on the disk: what has been appended survives a killed process. A
/// power cut may take the latest changes back, all from some moment on: then the
/// same events are appended, and sent, once more. Any thread, once opened.
class Outbox {
 public:
  /// Dead events that are kept; the oldest make way.
  static constexpr std::size_t dead_max = 10'000;

  virtual ~Outbox() = default;

  struct Standing {
    call::Position position = 0;  // every event of up to here has been appended
    /// Behind this position whoever makes events must begin to fold, so as to know
    /// the calls that are live at `position`. At most that.
    call::Position fold_after = 0;
  };
  struct Opened {
    Standing standing{};
    std::string note{};              // why it begins at `begin`; empty: it goes on where it was
    std::vector<Skipped> skipped{};  // by position
  };
  /// Opens what is kept, or goes on after trouble. Where there is nothing yet, or
  /// only of another log than `log_id` or of beyond its `head`, that is dropped and
  /// it stands at `begin`, at most the head: what happened before is told to nobody.
  virtual std::expected<Opened, Trouble> open(const std::string& log_id, call::Position head,
                                              call::Position begin) = 0;

  /// Adds events, in this order, together with how far the log has been read.
  virtual std::expected<void, Trouble> append(std::span<const OutgoingEvent> events,
                                              const Standing& standing) = 0;

  /// Keeps a note that a position was passed over on purpose, with the standing.
  virtual std::expected<void, Trouble> skip(const Standing& standing, const std::string& reason,
                                            call::Time at) = 0;

  /// The first `max` waiting with numbers above `after`, without their bodies.
  /// Nothing before it was opened.
  virtual std::expected<std::vector<OutgoingEvent>, Trouble> waiting(std::uint64_t after,
                                                                     std::size_t max) const = 0;
  /// One that waits, whole; nothing when there is none of this number.
  virtual std::expected<std::optional<OutgoingEvent>, Trouble> find(std::uint64_t number) const = 0;

  /// It was taken: forgets it.
  virtual std::expected<void, Trouble> taken(std::uint64_t number) = 0;
  /// It was given up: no longer waits. `dead.event` as it was found.
  virtual std::expected<void, Trouble> bury(const DeadEvent& dead) = 0;

  /// The first `max` dead of a tenant with ids above `after`, the oldest first.
  virtual std::expected<std::vector<DeadEvent>, Trouble> dead(const call::TenantId& tenant,
                                                              std::string_view after,
                                                              std::size_t max) const = 0;
  /// How many dead the tenant has.
  [[nodiscard]] virtual std::size_t dead_of(const call::TenantId& tenant) const = 0;
  /// Has it wait again, behind all that wait, as queued at `at`. False: the tenant
  /// has none of this id.
  virtual std::expected<bool, Trouble> revive(const call::TenantId& tenant, std::string_view id,
                                              call::Time at) = 0;
  /// Forgets a dead one. False: the tenant has none of this id.
  virtual std::expected<bool, Trouble> drop(const call::TenantId& tenant, std::string_view id) = 0;

  /// Of all tenants.
  struct Counts {
    std::size_t waiting = 0;
    std::size_t dead = 0;
    std::uint64_t overrun = 0;  // dead ones that made way, since the process started
  };
  [[nodiscard]] virtual Counts counts() const = 0;
};

}  // namespace callstate::history
