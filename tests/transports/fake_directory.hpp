#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/engine/directory.hpp"

namespace callstate::transports {

/// Answers what a test tells it to: from its cache, at once, or when told.
class FakeDirectory final : public engine::Directory {
 public:
  static engine::Profile profile(std::string_view tenant = "t1",
                                 call::Role role = call::Role::crm_user) {
    return {call::TenantId::clipped(tenant), role, "Of the directory"};
  }
  static Answer refusal(Refusal refusal) {
    return std::unexpected(Failure{refusal, "the directory says no"});
  }

  /// At hand, and fresh.
  void has(std::string_view user, engine::Profile profile) {
    const std::scoped_lock lock(mutex_);
    cached_[std::string(user)] = std::move(profile);
  }
  /// Of before.
  void remembers(std::string_view user, engine::Profile profile) {
    const std::scoped_lock lock(mutex_);
    remembered_[std::string(user)] = std::move(profile);
  }
  /// To be answered within the call.
  void says(std::string_view user, Answer answer) {
    const std::scoped_lock lock(mutex_);
    answers_.insert_or_assign(std::string(user), std::move(answer));
  }
  /// Waits for the `n`th question (from 0) that is not answered yet, and answers it on
  /// this thread. False after ten seconds.
  [[nodiscard]] bool answer(const Answer& answer, std::size_t n = 0) {
    Callback done;
    {
      std::unique_lock lock(mutex_);
      if (!came_.wait_for(lock, std::chrono::seconds(10), [&] { return waiting_.size() > n; }))
        return false;
      done = std::move(waiting_[n]);
      waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(n));
    }
    done(answer);
    return true;
  }
  /// Waits until so many questions were asked in all; false after ten seconds.
  [[nodiscard]] bool was_asked(std::size_t times) {
    std::unique_lock lock(mutex_);
    return came_.wait_for(lock, std::chrono::seconds(10), [&] { return asked_ >= times; });
  }
  [[nodiscard]] std::size_t asked() {
    const std::scoped_lock lock(mutex_);
    return asked_;
  }

  std::optional<engine::Profile> cached(const call::UserId& user) override {
    const std::scoped_lock lock(mutex_);
    return find(cached_, user);
  }
  std::optional<engine::Profile> remembered(const call::UserId& user) override {
    const std::scoped_lock lock(mutex_);
    return find(remembered_, user);
  }
  void look_up(const call::UserId& user, Callback done) override {
    std::optional<Answer> at_once;
    {
      const std::scoped_lock lock(mutex_);
      ++asked_;
      const auto found = answers_.find(std::string(user.view()));
      if (found != answers_.end()) {
        at_once = found->second;
      } else {
        waiting_.push_back(std::move(done));
      }
    }
    came_.notify_all();
    if (at_once) done(*at_once);
  }

 private:
  using People = std::map<std::string, engine::Profile>;
  static std::optional<engine::Profile> find(const People& people, const call::UserId& user) {
    const auto found = people.find(std::string(user.view()));
    return found == people.end() ? std::nullopt : std::optional(found->second);
  }

  std::mutex mutex_;
  // Guarded by mutex_.
  std::condition_variable came_;
  People cached_;
  People remembered_;
  std::map<std::string, Answer> answers_;
  std::vector<Callback> waiting_;
  std::size_t asked_ = 0;
};

}  // namespace callstate::transports
