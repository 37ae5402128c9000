#include "tools/callstate/ending.hpp"

#include <pthread.h>

#include <cstdlib>
#include <utility>

namespace callstate::tools {
namespace {

constexpr int wake = SIGUSR2;   // the thread that listens, for its end
constexpr int killed_by = 128;  // plus the signal: as shells say it

}  // namespace

Ending::Ending(std::function<void(const std::string&)> say) : say_(std::move(say)) {
  sigemptyset(&signals_);
  for (const int number : {SIGINT, SIGTERM, wake}) sigaddset(&signals_, number);
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
  for (bool asked = false;; asked = true) {
    int number = 0;
    sigwait(&signals_, &number);
    if (gone_) return;
    if (asked || !ready_) {
      say_(asked ? "asked to stop a second time: not waiting for anything; what was acknowledged "
                   "is kept"
                 : "asked to stop while starting: nothing was served");
      std::_Exit(killed_by + number);
    }
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

void Ending::wait() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return due_; });
}

}  // namespace callstate::tools
