#pragma once

#include <filesystem>
#include <memory>

#include "core/history/outbox.hpp"

namespace callstate::storage {

/// Files that an outbox has open at a time, at most.
constexpr std::size_t outbox_descriptors_max = 64 + 16;

/// The outbox in a RocksDB of its own, beside the log's: it is written much, and is
/// no part of the log. Writes are not synced, since what a power cut takes back is
/// made from the log once more; so they never stand in the way of the log's own.
class WebhookOutbox final : public history::Outbox {
 public:
  /// Nothing is opened or made before `open`.
  explicit WebhookOutbox(std::filesystem::path directory);
  ~WebhookOutbox() override;
  WebhookOutbox(const WebhookOutbox&) = delete;
  WebhookOutbox& operator=(const WebhookOutbox&) = delete;

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

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace callstate::storage
