#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <utility>

#include "core/engine/effect.hpp"

namespace callstate::transports {

/// What a session holds back while it is sent what it missed: everything that
/// comes meanwhile, in order, further resumptions among it. `T` is a message as
/// the session sends it. The bound is the caller's to keep. One thread at a time.
template <class T>
class Resumption {
 public:
  explicit Resumption(const engine::Resume& first) : now_(first) {}

  /// What is being sent, and from where on.
  [[nodiscard]] const engine::Resume& now() const { return now_; }
  void advance(call::Position cursor) { now_.after = cursor; }
  [[nodiscard]] bool done() const { return now_.after >= now_.upto; }

  void hold(T message) { held_.push_back({std::move(message), nullptr}); }
  void hold(const engine::Resume& later) {
    held_.push_back({T{}, std::make_unique<engine::Resume>(later)});
  }
  [[nodiscard]] std::size_t held() const { return held_.size(); }

  /// The present one is done: passes on what was held, up to the next one, which
  /// then is the present one. False when there is none: nothing is held any more.
  template <class Send>
  bool go_on(Send&& send) {
    while (!held_.empty()) {
      Held next = std::move(held_.front());
      held_.pop_front();
      if (next.later) {
        now_ = std::move(*next.later);
        return true;
      }
      send(std::move(next.message));
    }
    return false;
  }

 private:
  struct Held {
    T message;
    std::unique_ptr<engine::Resume> later;  // else it is the message
  };

  engine::Resume now_;
  std::deque<Held> held_;
};

}  // namespace callstate::transports
