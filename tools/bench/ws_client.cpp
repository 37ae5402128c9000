#include "tools/bench/ws_client.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "tools/bench/ws_frame.hpp"

namespace callstate::bench {
namespace {

constexpr timeval silence_max{10, 0};

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error("WebSocket client: " + what);
}

void set(int descriptor, int level, int option, const auto& value) {
  ::setsockopt(descriptor, level, option, &value, sizeof value);
}

}  // namespace

WsClient::WsClient(const Target& target) : descriptor_(::socket(AF_INET, SOCK_STREAM, 0)) {
  if (descriptor_ < 0) fail("no socket: " + std::string(std::strerror(errno)));
  try {
    set(descriptor_, IPPROTO_TCP, TCP_NODELAY, 1);
    set(descriptor_, SOL_SOCKET, SO_RCVTIMEO, silence_max);
    set(descriptor_, SOL_SOCKET, SO_SNDTIMEO, silence_max);
    set(descriptor_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    const auto from = address(target.from, 0);
    const auto to = address("127.0.0.1", target.port);
    if (::bind(descriptor_, reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0 ||
        ::connect(descriptor_, reinterpret_cast<const sockaddr*>(&to), sizeof to) != 0) {
      fail("cannot connect: " + std::string(std::strerror(errno)));
    }
    if (target.tls) start_tls();
    shake_hands(target);
  } catch (...) {
    ::close(descriptor_);
    throw;
  }
}

WsClient::~WsClient() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

WsClient::WsClient(WsClient&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      tls_(std::move(other.tls_)),
      received_(std::move(other.received_)),
      used_(std::exchange(other.used_, 0)),
      mask_(other.mask_) {}

void WsClient::Free::operator()(ssl_st* session) const {
  SSL_free(session);
}

void WsClient::start_tls() {
  // A ticket is no message: a read does not go on to wait for one.
  static SSL_CTX* const context = [] {
    auto* made = SSL_CTX_new(TLS_client_method());
    SSL_CTX_clear_mode(made, SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_mode(made, SSL_MODE_RELEASE_BUFFERS);
    return made;
  }();
  tls_.reset(SSL_new(context));
  SSL_set_fd(tls_.get(), descriptor_);
  if (SSL_connect(tls_.get()) != 1) fail("no TLS");
}

void WsClient::shake_hands(const Target& target) {
  std::string request = "GET " + target.path +
                        " HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\n"
                        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  if (!target.token.empty()) request += "Authorization: Bearer " + target.token + "\r\n";
  send_all(request + "\r\n");
  auto end = received_.npos;
  while (end == received_.npos) {
    read_some(true);
    end = received_.find("\r\n\r\n");
  }
  if (!received_.starts_with("HTTP/1.1 101 ")) fail("refused: " + received_.substr(0, 60));
  used_ = end + 4;
}

void WsClient::send(std::string_view text) {
  send_frame(text_frame, text);
}

void WsClient::send_frame(std::uint8_t opcode, std::string_view payload) {
  mask_ = mask_ * 1664525 + 1013904223;
  send_all(client_frame(opcode, payload, mask_));
}

void WsClient::send_all(std::string_view bytes) const {
  while (!bytes.empty()) {
    const auto sent = tls_ ? SSL_write(tls_.get(), bytes.data(), static_cast<int>(bytes.size()))
                           : ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) fail("cannot send: " + std::string(std::strerror(errno)));
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
}

bool WsClient::read_some_by_tls(bool wait) {
  pollfd readable{descriptor_, POLLIN, 0};
  if (!wait && SSL_pending(tls_.get()) == 0 && ::poll(&readable, 1, 0) == 0) return false;
  char part[4096];
  const int size = SSL_read(tls_.get(), part, sizeof part);
  if (size <= 0 && SSL_get_error(tls_.get(), size) != SSL_ERROR_WANT_READ)
    fail("nothing to read by TLS");
  if (size > 0) received_.append(part, static_cast<std::size_t>(size));
  return size > 0 || wait;
}

bool WsClient::read_some(bool wait) {
  received_.erase(0, std::exchange(used_, 0));
  if (tls_) return read_some_by_tls(wait);
  char part[4096];
  const auto size = ::recv(descriptor_, part, sizeof part, wait ? 0 : MSG_DONTWAIT);
  if (size == 0) fail("the server has closed the connection");
  if (size < 0 && !wait && errno == EAGAIN) return false;
  if (size < 0) fail("nothing to read: " + std::string(std::strerror(errno)));
  received_.append(part, static_cast<std::size_t>(size));
  return true;
}

std::optional<std::string_view> WsClient::next_message() {
  auto rest = std::string_view(received_).substr(used_);
  while (const auto frame = take_frame(rest)) {
    used_ = received_.size() - rest.size();
    if (frame->opcode == text_frame) return frame->payload;
    if (frame->opcode == ping_frame) send_frame(pong_frame, frame->payload);
  }
  return std::nullopt;
}

std::string_view WsClient::receive() {
  while (true) {
    if (const auto message = next_message()) return *message;
    read_some(true);
  }
}

std::string_view WsClient::receive_with(std::string_view part) {
  while (true) {
    const auto message = receive();
    if (message.find(R"("type":"ERROR")") != message.npos) fail("refused: " + std::string(message));
    if (message.find(part) != message.npos) return message;
  }
}

void WsClient::look_after() {
  do {
    while (next_message()) {
    }
  } while (read_some(false));
}

}  // namespace callstate::bench
