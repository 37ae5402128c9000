#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <string>

#include "core/engine/ports.hpp"

namespace callstate::storage {

/// The first failure of a write, for good: after a failed fsync the kernel may
/// have dropped the pages, so that nothing that follows could be trusted. Any
/// thread.
class FailStop {
 public:
  /// Keeps the first message, and only that.
  void trip(std::string message) {
    const std::scoped_lock lock(mutex_);
    if (tripped_) return;
    message_ = std::move(message);
    tripped_ = true;
  }
  [[nodiscard]] bool tripped() const { return tripped_; }
  [[nodiscard]] engine::Failure failure() const {
    const std::scoped_lock lock(mutex_);
    return {message_};
  }

 private:
  mutable std::mutex mutex_;
  std::atomic<bool> tripped_{false};
  std::string message_;
};

}  // namespace callstate::storage
