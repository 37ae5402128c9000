#include "projections/webhooks/receiver.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

namespace callstate::projections::testing {
namespace {

/// The head and the body that it announces; empty when the connection ended first.
std::string read_request(int connection, std::string& held) {
  const auto more = [&] {
    char bytes[16 * 1024];
    const auto size = ::recv(connection, bytes, sizeof bytes, 0);
    if (size > 0) held.append(bytes, static_cast<std::size_t>(size));
    return size > 0;
  };
  std::size_t end = 0;
  while ((end = held.find("\r\n\r\n")) == held.npos)
    if (!more()) return {};
  end += 4;
  const auto at = held.find("Content-Length: ");
  if (at < end) end += std::strtoul(held.c_str() + at + 16, nullptr, 10);
  while (held.size() < end)
    if (!more()) return {};
  auto request = held.substr(0, end);
  held.erase(0, end);
  return request;
}

void send_all(int connection, const std::string& bytes) {
  for (std::size_t sent = 0; sent < bytes.size();) {
    const auto size = ::send(connection, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (size <= 0) return;
    sent += static_cast<std::size_t>(size);
  }
}

}  // namespace

Receiver::Receiver(Behave behave) : behave_(std::move(behave)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  socklen_t size = sizeof address;
  if (::bind(listener_, generic, size) != 0 || ::listen(listener_, 64) != 0 ||
      ::getsockname(listener_, generic, &size) != 0) {
    std::abort();
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

Receiver::~Receiver() {
  stopping_ = true;
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  {
    const std::scoped_lock lock(mutex_);
    for (const int connection : open_) ::shutdown(connection, SHUT_RDWR);
  }
  stopping_.notify_all();
  for (auto& thread : threads_) thread.join();
  for (const int connection : open_) ::close(connection);
  ::close(listener_);
}

std::string Receiver::url(const std::string& path) const {
  return "http://127.0.0.1:" + std::to_string(port_) + path;
}

std::vector<std::string> Receiver::requests() const {
  const std::scoped_lock lock(mutex_);
  return requests_;
}

std::string Receiver::hang() {
  stopping_.wait(false);
  return {};
}

void Receiver::accept_all() {
  for (;;) {
    const int connection = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection < 0) return;
    ++connections_;
    const std::scoped_lock lock(mutex_);
    open_.push_back(connection);
    threads_.emplace_back([this, connection] { serve(connection); });
  }
}

void Receiver::serve(int connection) {
  std::string held;
  for (;;) {
    const auto request = read_request(connection, held);
    if (request.empty()) break;
    {
      const std::scoped_lock lock(mutex_);
      requests_.push_back(request);
    }
    const auto answer = behave_(request);
    if (answer.empty()) break;
    send_all(connection, answer);
  }
  ::shutdown(connection, SHUT_RDWR);
}

std::string http_answer(const std::string& status, const std::string& body,
                        const std::string& fields) {
  return "HTTP/1.1 " + status + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
         fields + "\r\n" + body;
}

}  // namespace callstate::projections::testing
