#include "projections/runner.hpp"

#include <utility>

#include "projections/stand_back.hpp"

namespace callstate::projections {

Runner::Runner(Projection& projection, const engine::LogReader& log, std::string log_id,
               FollowerPorts ports, const Pace& pace)
    : niceness_(pace.niceness),
      follower_(projection, log, std::move(log_id), std::move(ports), pace) {}

Runner::~Runner() {
  stop();
}

void Runner::start() {
  {
    const std::scoped_lock lock(mutex_);
    running_ = true;
  }
  thread_ = std::thread([this] { run(); });
}

void Runner::notify() {
  {
    const std::scoped_lock lock(mutex_);
    notified_ = true;
  }
  wake_.notify_one();
}

void Runner::stop() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

std::expected<void, Trouble> Runner::skip(call::Position position, const std::string& reason) {
  return perform([&] { return follower_.skip(position, reason); });
}

std::expected<void, Trouble> Runner::between_steps(const Work& work) {
  return perform([&] {
    follower_.reopen();
    return work();
  });
}

std::expected<void, Trouble> Runner::perform(const Work& work) {
  std::unique_lock lock(mutex_);
  performed_.wait(lock, [&] { return job_ == nullptr || !running_; });
  Trouble ended{.kind = Trouble::Kind::passing, .message = "this projection does not run"};
  if (!running_) return std::unexpected(std::move(ended));
  Job job{.work = work};
  job_ = &job;
  wake_.notify_one();
  performed_.wait(lock, [&] { return job.done || !running_; });
  if (job_ == &job) job_ = nullptr;
  return job.done ? std::move(*job.done) : std::unexpected(std::move(ended));
}

void Runner::run() {
  stand_back(niceness_);
  std::unique_lock lock(mutex_);
  bool well = false;  // not in trouble
  while (!stopping_) {
    if (Job* job = std::exchange(job_, nullptr)) {
      lock.unlock();
      auto done = job->work();
      lock.lock();
      job->done = std::move(done);
      performed_.notify_all();
    }
    notified_ = false;
    lock.unlock();
    const auto next = follower_.step();
    lock.lock();
    well = next.sooner_if_notified;
    wait(lock, next);
  }
  // What was appended last, such as the seal of a stop.
  lock.unlock();
  if (well) (void)follower_.step();
  lock.lock();
  follower_.stop();
  running_ = false;
  performed_.notify_all();
}

void Runner::wait(std::unique_lock<std::mutex>& lock, const Follower::Next& next) {
  const auto woken = [&] {
    return stopping_ || job_ != nullptr || (notified_ && next.sooner_if_notified);
  };
  if (next.pause) {
    wake_.wait_for(lock, *next.pause, woken);
  } else {
    wake_.wait(lock, woken);
  }
}

}  // namespace callstate::projections
