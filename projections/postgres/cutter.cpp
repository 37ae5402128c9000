#include "projections/postgres/cutter.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>

namespace callstate::projections::postgres {

Cutter::Cutter() : thread_([this] { watch(); }) {}

Cutter::~Cutter() {
  {
    const std::scoped_lock lock(mutex_);
    closing_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Cutter::end(std::chrono::milliseconds patience) {
  {
    const std::scoped_lock lock(mutex_);
    if (!end_at_) end_at_ = std::chrono::steady_clock::now() + patience;
  }
  changed_.notify_one();
}

bool Cutter::ended() const {
  const std::scoped_lock lock(mutex_);
  return ended_;
}

void Cutter::watch() {
  std::unique_lock lock(mutex_);
  while (!closing_) {
    if (const auto until = next()) {
      changed_.wait_until(lock, *until);
    } else {
      changed_.wait(lock);
    }
    const auto now = std::chrono::steady_clock::now();
    if (!ended_ && end_at_ && now >= *end_at_) {
      ended_ = true;
      cut(std::nullopt);
    }
    for (auto& [number, limit] : limits_) {
      if (limit.passed || now < limit.at) continue;
      limit.passed = true;
      cut(limit.thread);
    }
  }
}

std::optional<Cutter::Time> Cutter::next() const {
  std::optional<Time> first;
  if (!ended_) first = end_at_;
  for (const auto& [number, limit] : limits_)
    if (!limit.passed) first = std::min(first.value_or(limit.at), limit.at);
  return first;
}

void Cutter::cut(std::optional<std::thread::id> of) const {
  for (const auto& [socket, thread] : open_)
    if (!of || thread == *of) ::shutdown(socket, SHUT_RDWR);
}

// libpq closes its socket when it likes, and the number is another's then: so this
// holds one of its own.
Cutter::Line::Line(Cutter& cutter, int socket)
    : cutter_(cutter), socket_(::fcntl(socket, F_DUPFD_CLOEXEC, 0)) {
  if (socket_ < 0) return;
  const std::scoped_lock lock(cutter_.mutex_);
  cutter_.open_.emplace(socket_, std::this_thread::get_id());
  const auto late = [&](const auto& each) {
    return each.second.passed && each.second.thread == std::this_thread::get_id();
  };
  if (cutter_.ended_ || std::ranges::any_of(cutter_.limits_, late)) ::shutdown(socket_, SHUT_RDWR);
}

Cutter::Line::~Line() {
  if (socket_ < 0) return;
  const std::scoped_lock lock(cutter_.mutex_);
  cutter_.open_.erase(socket_);
  ::close(socket_);
}

Cutter::Limit::Limit(Cutter& cutter, std::chrono::milliseconds time)
    : cutter_(cutter), number_([&] {
        const std::scoped_lock lock(cutter.mutex_);
        cutter.limits_.emplace(
            ++cutter.last_limit_,
            Limited{std::chrono::steady_clock::now() + time, std::this_thread::get_id()});
        return cutter.last_limit_;
      }()) {
  cutter_.changed_.notify_one();
}

Cutter::Limit::~Limit() {
  const std::scoped_lock lock(cutter_.mutex_);
  cutter_.limits_.erase(number_);
}

bool Cutter::Limit::passed() const {
  const std::scoped_lock lock(cutter_.mutex_);
  return cutter_.limits_.at(number_).passed;
}

}  // namespace callstate::projections::postgres
