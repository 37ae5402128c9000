#include <chrono>
#include <utility>

#include "core/engine/sequencer.hpp"

// Carrying a batch out, and how long that takes.

namespace callstate::engine {
namespace {

using Steady = std::chrono::steady_clock;

std::uint64_t nanoseconds(Steady::duration time) {
  return static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(time).count());
}

}  // namespace

std::expected<void, Failure> commit(Batch batch, EventLog& log, SnapshotStore& snapshots,
                                    Mailbox& mailbox, Delivery& delivery,
                                    EngineMetrics::Committing* metrics) {
  const std::size_t records = batch.records->size();
  const auto began = metrics != nullptr ? Steady::now() : Steady::time_point{};
  if (auto written = log.commit(std::move(batch.records)); !written) return written;
  if (metrics != nullptr) {
    const auto durable = Steady::now();
    if (records > 0) {
      metrics->commit.record(nanoseconds(durable - began));
      metrics->batch.record(records);
    }
    for (const auto came : batch.came) metrics->append.record(nanoseconds(durable - came));
  }
  // Before the delivery: who is woken by it, or resumes, finds it there.
  mailbox.take(batch.mail, batch.head);
  if (!batch.effects.empty()) {
    delivery.deliver(std::make_shared<const std::vector<Effect>>(std::move(batch.effects)));
  }
  if (metrics != nullptr && !batch.came.empty()) {
    const auto delivered = Steady::now();
    for (const auto came : batch.came) metrics->hop.record(nanoseconds(delivered - came));
  }
  for (const auto& save : batch.saves) {
    std::visit([&](const auto& state) { snapshots.put(save.stream, state); }, save.state);
  }
  if (batch.mark) snapshots.mark(std::move(*batch.mark));
  return {};
}

}  // namespace callstate::engine
