#include "projections/webhooks/deliveries.hpp"

#include <algorithm>
#include <cassert>

namespace callstate::projections {
namespace {

using history::Trouble;

constexpr int http_gone = 410;
constexpr int http_too_many = 429;

/// What a receiver asks for, or the longest it is given. Compared in seconds: as
/// microseconds, what it may ask for does not fit.
call::Duration pause_granted(std::chrono::seconds asked, call::Duration longest) {
  return asked < std::chrono::ceil<std::chrono::seconds>(longest) ? call::Duration(asked) : longest;
}

bool is_success(const Answer& answer) {
  return answer.status >= 200 && answer.status < 300;
}

}  // namespace

std::string describe(const Answer& answer) {
  return answer.status == 0 ? answer.error : "HTTP " + std::to_string(answer.status);
}

std::expected<void, Trouble> Deliveries::load(const Moment& now) {
  if (waiting_.size() >= settings_.waiting_max) return {};
  const auto more = outbox_.waiting(loaded_, settings_.waiting_max - waiting_.size());
  if (!more) return std::unexpected(more.error());
  for (const auto& event : *more) {
    loaded_ = event.number;
    waiting_.emplace(event.number,
                     Waiting{.call = event.call, .queued_at = event.queued_at, .attempts = 0});
    auto& of_call = by_call_[event.call];
    of_call.push_back(event.number);
    if (of_call.size() == 1) ready_.emplace(now.steady, event.number);
  }
  return {};
}

std::expected<std::vector<history::OutgoingEvent>, Trouble> Deliveries::due(const Moment& now) {
  if (auto loaded = load(now); !loaded) return std::unexpected(loaded.error());
  std::vector<history::OutgoingEvent> to_send;
  if (now.steady < silent_until_) return to_send;
  while (under_way_ < settings_.concurrency && !ready_.empty() &&
         ready_.begin()->first <= now.steady) {
    const auto number = ready_.begin()->second;
    auto event = outbox_.find(number);
    if (!event) {
      // What was taken out already goes out; the rest is looked at again.
      if (to_send.empty()) return std::unexpected(event.error());
      break;
    }
    ready_.erase(ready_.begin());
    ++under_way_;
    if (*event) {
      to_send.push_back(**std::move(event));
    } else {
      settle(number, now);
    }
  }
  return to_send;
}

/// It is done with: the next one of its call may go.
void Deliveries::settle(std::uint64_t number, const Moment& now) {
  const auto waiting = waiting_.find(number);
  const auto of_call = by_call_.find(waiting->second.call);
  assert(of_call->second.front() == number);
  of_call->second.pop_front();
  if (of_call->second.empty()) {
    by_call_.erase(of_call);
  } else {
    ready_.emplace(now.steady, of_call->second.front());
  }
  waiting_.erase(waiting);
  --under_way_;
}

call::Duration Deliveries::pause_after(std::uint32_t attempts) {
  constexpr std::uint32_t doublings_max = 32;
  auto pause = settings_.pause_min;
  for (std::uint32_t i = 1; i < std::min(attempts, doublings_max); ++i) {
    pause = std::min(pause * 2, settings_.pause_max);
  }
  pause = std::min(pause, settings_.pause_max);
  std::uniform_int_distribution<call::Duration::rep> some(pause.count() / 2, pause.count());
  return call::Duration(some(random_));
}

std::expected<void, Trouble> Deliveries::bury(std::uint64_t number, const Waiting& waiting,
                                              const Answer& answer, const Moment& now) {
  auto event = outbox_.find(number);
  if (!event) return std::unexpected(event.error());
  if (!*event) return {};
  return outbox_.bury({.event = **std::move(event),
                       .died_at = now.wall,
                       .attempts = waiting.attempts,
                       .why = describe(answer)});
}

std::expected<Deliveries::Fate, Trouble> Deliveries::answered(std::uint64_t number,
                                                              const Answer& answer,
                                                              const Moment& now) {
  auto& waiting = waiting_.at(number);
  if (is_success(answer)) {
    if (auto done = outbox_.taken(number); !done) return std::unexpected(done.error());
    ++counts_.delivered;
    settle(number, now);
    return Fate::taken;
  }
  ++waiting.attempts;
  if (answer.status == http_gone || now.wall >= waiting.queued_at + settings_.give_up_after) {
    if (auto buried = bury(number, waiting, answer, now); !buried) {
      --waiting.attempts;
      return std::unexpected(buried.error());
    }
    ++counts_.failed;
    ++counts_.dead;
    settle(number, now);
    return Fate::dead;
  }
  ++counts_.failed;
  auto pause = pause_after(waiting.attempts);
  if (answer.retry_after) {
    const auto granted = pause_granted(*answer.retry_after, settings_.retry_after_max);
    pause = std::max(pause, granted);
    if (answer.status == http_too_many)
      silent_until_ = std::max(silent_until_, now.steady + granted);
  }
  ready_.emplace(now.steady + pause, number);
  --under_way_;
  return Fate::waits;
}

std::optional<std::chrono::steady_clock::time_point> Deliveries::next() const {
  if (ready_.empty() || under_way_ >= settings_.concurrency) return std::nullopt;
  return std::max(ready_.begin()->first, silent_until_);
}

std::optional<call::Time> Deliveries::oldest() const {
  if (waiting_.empty()) return std::nullopt;
  return waiting_.begin()->second.queued_at;
}

}  // namespace callstate::projections
