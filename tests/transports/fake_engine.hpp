#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "core/engine/submission.hpp"

namespace callstate::transports {

/// Takes what transports submit, attaches sessions, admits who asks, and lets a test wait for
/// what comes.
class FakeEngine final : public engine::Inbox {
 public:
  bool submit(engine::Submission submission) override {
    const auto* open = std::get_if<engine::OpenSession>(&submission);
    const auto* ask = std::get_if<engine::Ask>(&submission);
    {
      const std::scoped_lock lock(mutex_);
      if (full_ && !std::holds_alternative<engine::CloseNotice>(submission)) return false;
      taken_.push_back(submission);
    }
    if (open != nullptr && delivery_ != nullptr) {
      std::vector<engine::Effect> effects;
      effects.reserve(2);
      effects.emplace_back(engine::Attach{open->session});
      if (open->room)
        effects.emplace_back(engine::Subscribe{
            open->session, room_of(open->sender.tenant, open->room->view()), true});
      carry_out(std::move(effects));
    }
    if (ask != nullptr && delivery_ != nullptr) {
      std::vector<engine::Effect> effects;
      effects.emplace_back(engine::Reply{ask->by->reply_to, engine::AsOf{}});
      carry_out(std::move(effects));
    }
    came_.notify_all();
    return true;
  }

  static call::Stream room_of(const call::TenantId& tenant, std::string_view name) {
    return {call::StreamKind::room, tenant, call::UserId::clipped(name)};
  }

  void deliver_to(engine::Delivery& delivery) { delivery_ = &delivery; }
  void carry_out(std::vector<engine::Effect> effects) {
    delivery_->deliver(std::make_shared<const std::vector<engine::Effect>>(std::move(effects)));
  }
  void set_full(bool full) {
    const std::scoped_lock lock(mutex_);
    full_ = full;
  }

  /// The `n`th (from 0) submission of this kind; nothing after ten seconds.
  template <class T>
  std::optional<T> wait_for(std::size_t n = 0) {
    std::optional<T> found;
    std::unique_lock lock(mutex_);
    came_.wait_for(lock, std::chrono::seconds(10), [&] {
      std::size_t seen = 0;
      for (const auto& one : taken_)
        if (const auto* kind = std::get_if<T>(&one); kind != nullptr && seen++ == n) found = *kind;
      return found.has_value();
    });
    return found;
  }
  template <class T>
  std::size_t count() {
    const std::scoped_lock lock(mutex_);
    std::size_t seen = 0;
    for (const auto& one : taken_) seen += std::holds_alternative<T>(one) ? 1U : 0U;
    return seen;
  }

 private:
  engine::Delivery* delivery_ = nullptr;
  std::mutex mutex_;
  std::condition_variable came_;
  std::deque<engine::Submission> taken_;
  bool full_ = false;
};

}  // namespace callstate::transports
