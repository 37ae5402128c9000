#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <mutex>
#include <utility>

// Private to transports: the server's inside.

namespace callstate::transports {

/// The way back to an I/O thread for what ends elsewhere, however late: what comes when
/// the thread's io_context is no more is dropped. Any thread.
class ReturnPath {
 public:
  explicit ReturnPath(boost::asio::io_context& context) : context_(&context) {}
  ReturnPath(const ReturnPath&) = delete;
  ReturnPath& operator=(const ReturnPath&) = delete;

  /// `job` may be destroyed unrun, on whatever thread.
  template <class Job>
  void post(Job job) {
    const std::scoped_lock lock(mutex_);
    if (context_ != nullptr) boost::asio::post(*context_, std::move(job));
  }
  /// Before the io_context is destroyed.
  void close() {
    const std::scoped_lock lock(mutex_);
    context_ = nullptr;
  }

 private:
  std::mutex mutex_;
  boost::asio::io_context* context_;
};

}  // namespace callstate::transports
