#pragma once

#include <algorithm>
#include <atomic>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/intrusive/list.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "core/engine/effect.hpp"
#include "core/engine/submission.hpp"
#include "transports/hub.hpp"
#include "transports/io_thread_fwd.hpp"
#include "transports/metrics.hpp"
#include "transports/readiness.hpp"
#include "transports/return_path.hpp"

// Private to transports: the server's inside.

namespace callstate::transports {

namespace asio = boost::asio;

// Everything names the io_context's own executor: a type-erased one costs
// memory in every operation and an indirection in every step.
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
template <class T>
using Task = asio::awaitable<T, Executor>;
constexpr asio::use_awaitable_t<Executor> use_task;

class Pollers;
struct ServerContext;

/// A connection in the eyes of its thread. Takes itself off the thread's list
/// when it dies. None of these functions destroys a connection before it
/// returns.
class Connection : public boost::intrusive::list_base_hook<
                       boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  Connection() = default;
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  virtual ~Connection() = default;

  /// Looks at its deadlines. Called once a sweep, which saves every connection a
  /// timer of its own.
  virtual void sweep(SteadyTime now) = 0;
  /// The server drains: finish soon.
  virtual void go_away() = 0;
};

/// One io_context, the thread that runs it, and what belongs to it alone: a hub
/// and the connections. Everything here but `deliver`, `post_to` and the counts
/// is touched by that thread only.
///
/// What is ready at the same time is a *round*: its sessions are read one after
/// the other, and what they submit goes to the engine as one.
class IoThread {
 public:
  /// `inbox` outlives it, and so does `media`, which may be null.
  IoThread(std::uint16_t hub_number, std::chrono::milliseconds sweep_interval, engine::Inbox& inbox,
           const MediaTokens* media = nullptr);
  ~IoThread();

  void start();
  /// Joins. What still ran is destroyed with the io_context. Idempotent.
  void stop();

  /// Any thread.
  void deliver(const engine::Effects& effects);
  /// Any thread: every connection is told to finish, and so is each that comes.
  void drain();

  void add(Connection& connection);

  /// The thread owns the session from now on, until it is retired; see Readiness.
  void watch(std::unique_ptr<Watched> session, int descriptor, std::uint32_t events);
  void change_watch(Watched& session, int descriptor, std::uint32_t events) {
    readiness_.change(session, descriptor, events);
  }
  /// The session's connection is closed: it is destroyed soon, and not before this
  /// returns.
  void retire(Watched& session);

  /// Of a session of the hub. What the sessions submit in one round is handed to
  /// the engine together, in order, when the round ends. When it is not taken, the
  /// session's outlet is told.
  void submit(engine::Submission submission);

  [[nodiscard]] asio::io_context& context() { return context_; }
  /// For what ends elsewhere, and may come when this is no more.
  [[nodiscard]] const std::shared_ptr<ReturnPath>& return_path() const { return return_path_; }
  [[nodiscard]] Hub& hub() { return hub_; }
  /// Before `start`: the presence of polling clients is kept here too.
  void serve_pollers(ServerContext& server);
  [[nodiscard]] Pollers& pollers() { return *pollers_; }
  /// As of the last sweep: precise enough for deadlines of seconds, and free.
  [[nodiscard]] SteadyTime coarse_now() const { return now_; }
  /// What this thread counts; any thread may read it.
  [[nodiscard]] IoMetrics& metrics() { return metrics_; }
  /// By a connection's sweep: what it has waiting to be written.
  void saw_queued(std::size_t bytes) {
    queued_bytes_ += bytes;
    queued_bytes_max_ = std::max<std::uint64_t>(queued_bytes_max_, bytes);
  }
  /// Batches that were delivered and not yet taken up. Any thread.
  [[nodiscard]] std::size_t pending();
  /// For one use at a time, between two suspensions.
  [[nodiscard]] std::span<char> scratch() { return scratch_; }

  /// Connections given to this thread and not yet gone. Any thread may read.
  std::atomic<std::size_t> load = 0;

 private:
  void run();
  Task<void> sweep_forever();
  void carry_out_delivered();
  void flush_overdue();
  void sweep();
  void wait_for_round();
  void serve_round();
  void end_round();
  /// The round ends soon, when none is being served.
  void end_round_later();
  void hand_over();

  std::chrono::milliseconds sweep_interval_;
  std::uint16_t hub_number_;
  Hub hub_;
  std::unique_ptr<Pollers> pollers_;
  SteadyTime now_ = SteadyClock::now();
  std::vector<char> scratch_;
  bool draining_ = false;
  bool in_round_ = false;
  bool round_ends_later_ = false;
  engine::Inbox& inbox_;
  std::vector<engine::Submission> submitted_;
  boost::intrusive::list<Connection, boost::intrusive::constant_time_size<false>> connections_;

  IoMetrics metrics_;
  std::uint64_t queued_bytes_ = 0;  // so far in this sweep
  std::uint64_t queued_bytes_max_ = 0;

  std::mutex mutex_;  // guards delivered_ and delivered_since_
  std::vector<engine::Effects> delivered_;
  SteadyTime delivered_since_{};
  std::vector<engine::Effects> taken_;
  SteadyTime overdue_at_{};  // when whose answer has waited for long is written to

  // Last: its end destroys the connections, which use all of the above.
  asio::io_context context_{1};
  const std::shared_ptr<ReturnPath> return_path_ = std::make_shared<ReturnPath>(context_);
  Readiness readiness_{context_};
  std::thread thread_;
};

}  // namespace callstate::transports
