#include "tools/callstate/ending.hpp"

#include <pthread.h>

#include <cstdlib>
#include <utility>

namespace callstate::tools {
namespace {

constexpr int wake = SIGUSR2;   // the thread that listens, for its end
constexpr int killed_by = 128;  // plus the signal: as shells say it

}  // namespace

Ending::Ending(std::function<void(const std::string&)> say, bool take_hangup)
    : say_(std::move(say)) {
  sigemptyset(&signals_);
  for (const int number : {SIGINT, SIGTERM, wake}) sigaddset(&signals_, number);
  if (take_hangup) sigaddset(&signals_, SIGHUP);
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  thread_ = std::thread([this] { listen(); });
}

Ending::~Ending() {
  gone_ = true;
  pthread_kill(thread_.native_handle(), wake);
  thread_.join();
}

void Ending::listen() {
  for (bool asked = false;;) {
    int number = 0;
    sigwait(&signals_, &number);
    if (gone_) return;
    if (number == SIGHUP) {
      {
        const std::scoped_lock lock(mutex_);
        hung_up_ = true;
      }
      changed_.notify_all();
      continue;
    }
    if (asked || !ready_) {
      say_(asked ? "asked to stop a second time: not waiting for anything; what was acknowledged "
                   "is kept"
                 : "asked to stop while starting: nothing was served");
      std::_Exit(killed_by + number);
    }
    asked = true;
    finish();
  }
}

void Ending::finish() {
  {
    const std::scoped_lock lock(mutex_);
    due_ = true;
  }
  changed_.notify_all();
}

void Ending::fail() {
  failed_ = true;
  finish();
}

Ending::Woken Ending::wait(std::chrono::milliseconds at_most) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, at_most, [this] { return due_ || hung_up_; });
  if (due_) return Woken::to_end;
  return std::exchange(hung_up_, false) ? Woken::by_hangup : Woken::by_time;
}

}  // namespace callstate::tools
