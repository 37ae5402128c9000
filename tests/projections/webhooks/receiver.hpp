#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace callstate::projections::testing {

/// An HTTP server on 127.0.0.1 that answers as badly as it is told. Each connection
/// has a thread of its own.
class Receiver {
 public:
  /// What it does with a request, on the connection's thread: the bytes that it
  /// answers; none, and the connection is closed.
  using Behave = std::function<std::string(const std::string& request)>;

  explicit Receiver(Behave behave);
  ~Receiver();
  Receiver(const Receiver&) = delete;
  Receiver& operator=(const Receiver&) = delete;

  [[nodiscard]] std::string url(const std::string& path = "/hook") const;
  [[nodiscard]] std::vector<std::string> requests() const;
  [[nodiscard]] int connections() const { return connections_; }
  /// For a behaviour that says nothing: returns when the receiver is taken apart.
  std::string hang();

 private:
  void accept_all();
  void serve(int connection);

  const Behave behave_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> connections_ = 0;
  std::atomic<bool> stopping_ = false;
  mutable std::mutex mutex_;
  // Guarded by mutex_.
  std::vector<std::string> requests_;
  std::vector<int> open_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

/// A whole answer.
std::string http_answer(const std::string& status, const std::string& body = "",
                        const std::string& fields = "");

}  // namespace callstate::projections::testing
