#include "transports/io_thread.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <utility>

#include "transports/close_code.hpp"
#include "transports/pollers.hpp"

namespace callstate::transports {
namespace {

// What one read or write of a busy connection takes at most.
constexpr std::size_t scratch_bytes = 64 * 1024;

// How long whoever is only told of its own doings waits for a moment without
// anything else to do, twice at most, and how many are written to before looking
// whether there is.
constexpr std::chrono::milliseconds answer_delay{2};
constexpr std::size_t answers_at_a_time = 8;

// None of those that are of no session.
engine::SessionId session_of(const engine::Submission& submission) {
  return std::visit(
      [](const auto& of) -> engine::SessionId {
        if constexpr (requires { of.session; }) return of.session;
        return 0;
      },
      submission);
}

bool is_send(const engine::Submission& submission) {
  return std::holds_alternative<engine::Send>(submission);
}

using Timer = asio::basic_waitable_timer<SteadyClock, asio::wait_traits<SteadyClock>, Executor>;

}  // namespace

IoThread::IoThread(std::uint16_t hub_number, std::chrono::milliseconds sweep_interval,
                   engine::Inbox& inbox, const MediaTokens* media)
    : sweep_interval_(sweep_interval),
      hub_number_(hub_number),
      hub_(hub_number, media),
      scratch_(scratch_bytes),
      inbox_(inbox) {
  wait_for_round();
}

IoThread::~IoThread() {
  stop();
  return_path_->close();
}

void IoThread::serve_pollers(ServerContext& server) {
  pollers_ = std::make_unique<Pollers>(server, hub_);
}

void IoThread::start() {
  asio::co_spawn(context_, sweep_forever(), asio::detached);
  thread_ = std::thread([this] {
    const auto work = asio::make_work_guard(context_);
    run();
  });
}

void IoThread::run() {
  while (!context_.stopped()) {
    context_.poll();
    if (!hub_.has_answered()) {
      context_.run_one();
    } else if (hub_.unhandled() == 0) {
      hub_.flush_answered(answers_at_a_time);  // nothing else is to be done now
    } else if (context_.run_one_until(overdue_at_) == 0) {
      flush_overdue();  // the batch to come, with which they were to go, takes long
    }
  }
}

void IoThread::flush_overdue() {
  hub_.flush_overdue();
  overdue_at_ = SteadyClock::now() + answer_delay;
}

void IoThread::stop() {
  context_.stop();
  if (!thread_.joinable()) return;
  thread_.join();
  hand_over();
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
  hub_.flush_urgent();
  taken_.clear();
  const auto now = SteadyClock::now();
  metrics_.delivery.record(
      static_cast<std::uint64_t>(std::chrono::nanoseconds(now - since).count()));
  if (now >= overdue_at_) flush_overdue();
}

void IoThread::sweep() {
  queued_bytes_ = queued_bytes_max_ = 0;
  for (auto& connection : connections_) connection.sweep(now_);
  metrics_.queued_bytes.store(queued_bytes_, std::memory_order_relaxed);
  metrics_.queued_bytes_max.store(queued_bytes_max_, std::memory_order_relaxed);
}

void IoThread::watch(std::unique_ptr<Watched> session, int descriptor, std::uint32_t events) {
  if (!readiness_.watch(std::move(session), descriptor, events)) end_round_later();
}

void IoThread::retire(Watched& session) {
  if (readiness_.retire(session)) end_round_later();
}

void IoThread::submit(engine::Submission submission) {
  submitted_.push_back(std::move(submission));
  end_round_later();
}

void IoThread::wait_for_round() {
  readiness_.wait([this](boost::system::error_code error) {
    if (error) return;
    serve_round();
    wait_for_round();
  });
}

void IoThread::serve_round() {
  in_round_ = true;
  readiness_.serve();
  in_round_ = false;
  end_round();
}

void IoThread::end_round_later() {
  if (in_round_ || std::exchange(round_ends_later_, true)) return;
  asio::post(context_, [this] {
    round_ends_later_ = false;
    end_round();
  });
}

void IoThread::end_round() {
  hand_over();
  readiness_.bury();
  // The end of a session is submitted too.
  hand_over();
}

void IoThread::hand_over() {
  while (!submitted_.empty()) {
    auto submitted = std::exchange(submitted_, {});
    const auto taken = inbox_.submit_all(submitted);
    hub_.sent(static_cast<std::size_t>(
        std::ranges::count_if(std::span(submitted).first(taken), is_send)));
    for (auto i = taken; i < submitted.size(); ++i) {
      if (std::holds_alternative<engine::CloseNotice>(submitted[i])) continue;  // taken
      auto* outlet = hub_.outlet(session_of(submitted[i]));
      if (outlet != nullptr) outlet->on_refused(submitted[i]);
    }
  }
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
