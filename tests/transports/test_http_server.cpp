#include "test_http_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <vector>

namespace callstate::transports::testing {

HttpServer::HttpServer() {
  listener_ = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  bind(listener_, reinterpret_cast<sockaddr*>(&address), size);
  listen(listener_, 16);
  getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { serve(); });
}

HttpServer::~HttpServer() {
  shutdown(listener_, SHUT_RDWR);  // ends accept
  thread_.join();
  close(listener_);
}

std::string HttpServer::url() const {
  return "http://127.0.0.1:" + std::to_string(port_) + "/keys?x=1";
}

void HttpServer::answer(std::string status, std::string body) {
  const std::lock_guard lock(mutex_);
  status_ = std::move(status);
  body_ = std::move(body);
}

std::string HttpServer::last_request_line() {
  const std::lock_guard lock(mutex_);
  return request_line_;
}

void HttpServer::serve() {
  std::vector<int> kept;
  for (int client = 0; (client = accept(listener_, nullptr, nullptr)) >= 0;) {
    if (silent_) {
      ++requests_;
      kept.push_back(client);
      continue;
    }
    serve_one(client);
    close(client);
  }
  for (const int client : kept) close(client);
}

void HttpServer::serve_one(int client) {
  std::string request;
  std::array<char, 4096> buffer;
  while (request.find("\r\n\r\n") == request.npos) {
    const auto got = recv(client, buffer.data(), buffer.size(), 0);
    if (got <= 0) return;
    // A TLS greeting is no request.
    if (request.empty() && buffer[0] == 0x16) return;
    request.append(buffer.data(), static_cast<std::size_t>(got));
  }
  std::string response;
  {
    const std::lock_guard lock(mutex_);
    request_line_ = request.substr(0, request.find("\r\n"));
    response = "HTTP/1.1 " + status_ + "\r\nContent-Length: " + std::to_string(body_.size()) +
               "\r\nConnection: close\r\n\r\n" + body_;
  }
  ++requests_;
  for (std::size_t sent = 0; sent < response.size();) {
    const auto put = send(client, response.data() + sent, response.size() - sent, MSG_NOSIGNAL);
    if (put <= 0) return;
    sent += static_cast<std::size_t>(put);
  }
}

}  // namespace callstate::transports::testing
