#include "transports/io_thread.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>

#include "transports/close_code.hpp"
#include "transports/pollers.hpp"

namespace callstate::transports {
namespace {

// What one read or write of a busy connection takes at most.
constexpr std::size_t scratch_bytes = 64 * 1024;

using Timer = asio::basic_waitable_timer<SteadyClock, asio::wait_traits<SteadyClock>, Executor>;

}  // namespace

IoThread::IoThread(std::uint16_t hub_number, std::chrono::milliseconds sweep_interval,
                   const MediaTokens* media)
    : sweep_interval_(sweep_interval),
      hub_number_(hub_number),
      hub_(hub_number, media),
      scratch_(scratch_bytes) {}

IoThread::~IoThread() {
  stop();
}

void IoThread::serve_pollers(ServerContext& server) {
  pollers_ = std::make_unique<Pollers>(server, hub_);
}

void IoThread::start() {
  asio::co_spawn(context_, sweep_forever(), asio::detached);
  thread_ = std::thread([this] {
    const auto work = asio::make_work_guard(context_);
    context_.run();
  });
}

void IoThread::stop() {
  context_.stop();
  if (thread_.joinable()) thread_.join();
}

void IoThread::deliver(const engine::Effects& effects) {
  if (!Hub::concerns(hub_number_, *effects)) return;
  {
    const std::scoped_lock lock(mutex_);
    delivered_.push_back(effects);
    if (delivered_.size() != 1) return;  // already woken, and it takes all it finds
    delivered_since_ = SteadyClock::now();
  }
  asio::post(context_, [this] { carry_out_delivered(); });
}

void IoThread::drain() {
  asio::post(context_, [this] {
    draining_ = true;
    for (auto& connection : connections_) connection.go_away();
    hub_.close_all({close_code::going_away, "server is going away"});
  });
}

void IoThread::add(Connection& connection) {
  connections_.push_back(connection);
  if (draining_) connection.go_away();
}

std::size_t IoThread::pending() {
  const std::scoped_lock lock(mutex_);
  return delivered_.size();
}

void IoThread::carry_out_delivered() {
  SteadyTime since;
  {
    const std::scoped_lock lock(mutex_);
    taken_.swap(delivered_);
    since = delivered_since_;
  }
  for (const auto& effects : taken_) hub_.carry_out(*effects);
  hub_.flush();
  taken_.clear();
  const std::chrono::nanoseconds took = SteadyClock::now() - since;
  metrics_.delivery.record(static_cast<std::uint64_t>(took.count()));
}

void IoThread::sweep() {
  queued_bytes_ = queued_bytes_max_ = 0;
  for (auto& connection : connections_) connection.sweep(now_);
  metrics_.queued_bytes.store(queued_bytes_, std::memory_order_relaxed);
  metrics_.queued_bytes_max.store(queued_bytes_max_, std::memory_order_relaxed);
}

Task<void> IoThread::sweep_forever() {
  Timer timer(context_);
  for (;;) {
    timer.expires_after(sweep_interval_);
    boost::system::error_code error;
    co_await timer.async_wait(asio::redirect_error(use_task, error));
    if (error) co_return;
    now_ = SteadyClock::now();
    sweep();
    if (pollers_) pollers_->sweep(now_);
  }
}

}  // namespace callstate::transports
