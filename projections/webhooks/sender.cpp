#include "projections/webhooks/sender.hpp"

#include <algorithm>
#include <random>
#include <string>
#include <utility>

namespace callstate::projections {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds outbox_pause{1'000};  // before it is asked again after trouble
constexpr milliseconds idle_pause{60'000};   // what comes meanwhile wakes
constexpr std::chrono::minutes dead_line_every{1};

}  // namespace

Sender::Sender(DeliverySettings settings, std::vector<SigningKey> keys, history::Outbox& outbox,
               std::unique_ptr<HttpClient> client, const engine::Clock& clock, Say say)
    : keys_(std::move(keys)),
      outbox_(outbox),
      client_(std::move(client)),
      clock_(clock),
      say_(std::move(say)),
      farewell_(settings.farewell),
      deliveries_(settings, outbox, std::random_device()()) {}

Sender::~Sender() {
  stop();
}

void Sender::start() {
  thread_ = std::thread([this] { work(); });
}

void Sender::stop() {
  stopping_ = true;
  wake();
  if (thread_.joinable()) thread_.join();
}

void Sender::wake() {
  client_->wake();
}

WebhookReading Sender::reading() const {
  WebhookReading reading{.outbox = outbox_.counts()};
  const std::scoped_lock lock(mutex_);
  reading.deliveries = counts_;
  if (oldest_) reading.oldest = std::max(clock_.now() - *oldest_, call::Duration(0));
  return reading;
}

Moment Sender::now() const {
  return {.wall = clock_.now(), .steady = std::chrono::steady_clock::now()};
}

void Sender::work() {
  while (!stopping_) {
    const bool readable = send_due();
    publish();
    finish(client_->run(readable && unsettled_.empty() ? pause() : outbox_pause));
    publish();
  }
  const auto until = std::chrono::steady_clock::now() + farewell_;
  while (deliveries_.under_way() > unsettled_.size() && std::chrono::steady_clock::now() < until) {
    finish(client_->run(std::chrono::ceil<milliseconds>(until - std::chrono::steady_clock::now())));
  }
}

bool Sender::send_due() {
  const auto due = deliveries_.due(now());
  if (!due) {
    if (!std::exchange(outbox_failing_, true))
      say_(true, "webhooks wait, as their outbox cannot be read: " + due.error().message);
    return false;
  }
  outbox_failing_ = false;
  for (const auto& event : *due) client_->start(event.number, request_of(event));
  return true;
}

Request Sender::request_of(const history::OutgoingEvent& event) const {
  const auto timestamp_s =
      std::chrono::floor<std::chrono::seconds>(clock_.now()).time_since_epoch().count();
  return {.fields = {{"Content-Type", "application/json"},
                     {"User-Agent", "callstate"},
                     {"webhook-id", event.id},
                     {"webhook-timestamp", std::to_string(timestamp_s)},
                     {"webhook-signature", sign(keys_, event.id, timestamp_s, event.body)}},
          .body = event.body};
}

void Sender::finish(const std::vector<HttpClient::Finished>& finished) {
  auto all = std::exchange(unsettled_, {});
  all.insert(all.end(), finished.begin(), finished.end());
  for (auto& each : all) {
    const auto fate = deliveries_.answered(each.number, each.answer, now());
    if (fate) {
      tell_of(*fate, each.answer);
      continue;
    }
    // It may be sent again after a start; now it only has to be remembered.
    unsettled_.push_back(std::move(each));
    if (!std::exchange(outbox_failing_, true))
      say_(true, "webhooks wait, as their outbox cannot be written: " + fate.error().message);
  }
}

/// One line when it begins to fail and one when it is well again, not one each.
void Sender::tell_of(Deliveries::Fate fate, const Answer& answer) {
  if (fate == Deliveries::Fate::taken) {
    if (std::exchange(failing_, false)) say_(false, "webhooks are taken again");
    return;
  }
  const bool begins = !std::exchange(failing_, true);
  if (fate != Deliveries::Fate::dead) {
    if (begins) say_(true, "a webhook was not taken (" + describe(answer) + "); it is sent again");
    return;
  }
  const auto at = std::chrono::steady_clock::now();
  if (told_of_dead_ && at - *told_of_dead_ < dead_line_every) return;
  told_of_dead_ = at;
  std::string line = "webhooks were given up (" + describe(answer) + "), " +
                     std::to_string(deliveries_.counts().dead) +
                     " since the start; `callstate webhooks dead` lists them";
  if (const auto overrun = outbox_.counts().overrun; overrun > 0) {
    line += ", but for the " + std::to_string(overrun) + " oldest: no more than " +
            std::to_string(history::Outbox::dead_max) + " are kept";
  }
  say_(true, line);
}

milliseconds Sender::pause() const {
  const auto next = deliveries_.next();
  if (!next) return idle_pause;
  const auto left = std::chrono::ceil<milliseconds>(*next - std::chrono::steady_clock::now());
  return std::clamp(left, milliseconds(0), idle_pause);
}

void Sender::publish() {
  const std::scoped_lock lock(mutex_);
  counts_ = deliveries_.counts();
  oldest_ = deliveries_.oldest();
}

}  // namespace callstate::projections
