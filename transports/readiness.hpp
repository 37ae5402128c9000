#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <memory>
#include <vector>

// Private to transports: the server's inside.

namespace callstate::transports {

using WatchedHook =
    boost::intrusive::list_base_hook<boost::intrusive::tag<class WatchedTag>,
                                     boost::intrusive::link_mode<boost::intrusive::auto_unlink>>;

/// A connection that a `Readiness` owns and watches.
class Watched : public WatchedHook {
 public:
  Watched() = default;
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;
  virtual ~Watched() = default;

  /// `events` of epoll have come: one that is asked for, or the end. Must not
  /// destroy a connection; those that are over are given to `retire`.
  virtual void on_ready(std::uint32_t events) = 0;
};

/// Which of a thread's connections can be read: an epoll of its own, in which
/// each is registered once for as long as it lives, and on which the io_context
/// waits as on one descriptor. What is ready together is one *round*. An idle
/// connection has no operation pending and nothing registered with Asio.
/// Touched by the io_context's thread alone.
class Readiness {
 public:
  explicit Readiness(boost::asio::io_context& context);
  ~Readiness();
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;

  /// Owns the connection from now on. False when it is to be buried already: its
  /// descriptor is closed, or the kernel takes no more.
  bool watch(std::unique_ptr<Watched> connection, int descriptor, std::uint32_t events);
  /// Asks for other events.
  void change(Watched& connection, int descriptor, std::uint32_t events);
  /// The connection is over, its descriptor closed: it is to be buried. False when
  /// it is not watched, or has been retired before.
  bool retire(Watched& connection);
  /// Destroys those that are over.
  void bury();

  /// Calls `handler` when a connection can be read. Once.
  template <class Handler>
  void wait(Handler handler) {
    epoll_.async_wait(Descriptor::wait_read, std::move(handler));
  }
  /// Gives each connection that is ready its turn.
  void serve();

 private:
  using Descriptor =
      boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type>;
  using List = boost::intrusive::list<Watched, boost::intrusive::base_hook<WatchedHook>,
                                      boost::intrusive::constant_time_size<false>>;

  Descriptor epoll_;
  List watched_;  // owned
  std::vector<std::unique_ptr<Watched>> retired_;
};

}  // namespace callstate::transports
