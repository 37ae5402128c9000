#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

#include "core/engine/ports.hpp"
#include "projections/webhooks/deliveries.hpp"
#include "projections/webhooks/http_client.hpp"
#include "projections/webhooks/signature.hpp"

namespace callstate::projections {

/// How the deliveries fare.
struct WebhookReading {
  history::Outbox::Counts outbox{};
  DeliveryCounts deliveries{};
  call::Duration oldest{};  // how long the event has waited that has waited longest
};

/// Sends what is in the outbox, on one thread of its own.
class Sender {
 public:
  /// A line for the operator: is it bad news, and what.
  using Say = std::function<void(bool bad, std::string_view line)>;

  Sender(DeliverySettings settings, std::vector<SigningKey> keys, history::Outbox& outbox,
         std::unique_ptr<HttpClient> client, const engine::Clock& clock, Say say);
  ~Sender();  // stops
  Sender(const Sender&) = delete;
  Sender& operator=(const Sender&) = delete;

  void start();
  /// Begins no more, gives what is under way a moment, and cuts the rest: it is
  /// sent again after the next start.
  void stop();

  /// Something was put into the outbox. Any thread.
  void wake();

  /// Any thread.
  [[nodiscard]] WebhookReading reading() const;

 private:
  void work();
  /// Sends what is due; false when the outbox could not be read.
  bool send_due();
  void finish(const std::vector<HttpClient::Finished>& finished);
  [[nodiscard]] std::chrono::milliseconds pause() const;
  [[nodiscard]] Moment now() const;
  [[nodiscard]] Request request_of(const history::OutgoingEvent& event) const;
  void tell_of(Deliveries::Fate fate, const Answer& answer);
  void publish();

  const std::vector<SigningKey> keys_;
  history::Outbox& outbox_;
  const std::unique_ptr<HttpClient> client_;
  const engine::Clock& clock_;
  const Say say_;
  const call::Duration farewell_;

  // Of the thread.
  Deliveries deliveries_;
  std::vector<HttpClient::Finished> unsettled_;  // whose fate the outbox did not take
  bool failing_ = false;
  bool outbox_failing_ = false;
  std::optional<std::chrono::steady_clock::time_point> told_of_dead_;

  mutable std::mutex mutex_;
  // Guarded by mutex_.
  DeliveryCounts counts_;
  std::optional<call::Time> oldest_;

  std::atomic<bool> stopping_ = false;
  std::thread thread_;
};

}  // namespace callstate::projections
