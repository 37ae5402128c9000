#pragma once

#include <atomic>
#include <mutex>
#include <string>
#include <thread>

namespace callstate::transports::testing {

/// An HTTP server on 127.0.0.1 that gives every request the same answer, one
/// after the other.
class HttpServer {
 public:
  HttpServer();
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  [[nodiscard]] std::string url() const;
  void answer(std::string status, std::string body);
  /// From now on it takes connections and says nothing.
  void fall_silent() { silent_ = true; }
  [[nodiscard]] int requests() const { return requests_; }
  [[nodiscard]] std::string last_request_line();

 private:
  void serve();
  void serve_one(int client);

  std::atomic<bool> silent_ = false;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> requests_ = 0;
  std::mutex mutex_;
  std::string status_;
  std::string body_;
  std::string request_line_;
  std::thread thread_;
};

}  // namespace callstate::transports::testing
