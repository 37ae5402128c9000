#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/history/outbox.hpp"

namespace callstate::support {

/// The outbox in memory, which survives whoever uses it, as the real one a kill.
/// Any thread.
class MemoryOutbox final : public history::Outbox {
 public:
  std::expected<Opened, history::Trouble> open(const std::string& log_id, call::Position head,
                                               call::Position begin) override;
  std::expected<void, history::Trouble> append(std::span<const history::OutgoingEvent> events,
                                               const Standing& standing) override;
  std::expected<void, history::Trouble> skip(const Standing& standing, const std::string& reason,
                                             call::Time at) override;
  std::expected<std::vector<history::OutgoingEvent>, history::Trouble> waiting(
      std::uint64_t after, std::size_t max) const override;
  std::expected<std::optional<history::OutgoingEvent>, history::Trouble> find(
      std::uint64_t number) const override;
  std::expected<void, history::Trouble> taken(std::uint64_t number) override;
  std::expected<void, history::Trouble> bury(const history::DeadEvent& dead) override;
  std::expected<std::vector<history::DeadEvent>, history::Trouble> dead(
      const call::TenantId& tenant, std::string_view after, std::size_t max) const override;
  [[nodiscard]] std::size_t dead_of(const call::TenantId& tenant) const override;
  std::expected<bool, history::Trouble> revive(const call::TenantId& tenant, std::string_view id,
                                               call::Time at) override;
  std::expected<bool, history::Trouble> drop(const call::TenantId& tenant,
                                             std::string_view id) override;
  [[nodiscard]] Counts counts() const override;

  /// From now on everything fails so; nothing: it works again.
  void fail(std::optional<history::Trouble> trouble);
  /// So many dead ones are said to have made way.
  void overrun(std::uint64_t count);
  [[nodiscard]] Standing standing() const;
  [[nodiscard]] std::vector<history::OutgoingEvent> all_waiting() const;

 private:
  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::optional<history::Trouble> trouble_;
  std::optional<std::string> log_id_;
  Standing standing_;
  std::vector<history::Skipped> skipped_;
  std::uint64_t next_ = 1;
  std::uint64_t overrun_ = 0;
  std::map<std::uint64_t, history::OutgoingEvent> waiting_;
  std::map<std::string, history::DeadEvent, std::less<>> dead_;
};

}  // namespace callstate::support
