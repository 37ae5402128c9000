#include "tools/bench/peers/line.hpp"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include "tools/bench/ws_frame.hpp"

namespace callstate::bench {
namespace {

constexpr std::size_t clients_per_address = 20'000;  // fewer than an address has ports

// One buffer for all lines: a line that has read gives its texts away at once.
thread_local std::array<char, 256 * 1024> buffer;

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error("load generator: " + what);
}

bool sent_all(int descriptor, std::string_view bytes) {
  return ::send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(bytes.size());
}

}  // namespace

std::string client_frame(std::string_view text) {
  return client_frame(text_frame, text);
}

int connected(std::uint16_t port, std::string_view bytes, const std::string& from) {
  const int descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) fail("no socket: " + std::string(std::strerror(errno)));
  const int on = 1;
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
  const auto own = address(from, 0);
  const auto server = address("127.0.0.1", port);
  // The kernel answers on loopback: connecting waits for no server.
  if (::bind(descriptor, reinterpret_cast<const sockaddr*>(&own), sizeof own) != 0 ||
      ::connect(descriptor, reinterpret_cast<const sockaddr*>(&server), sizeof server) != 0 ||
      ::fcntl(descriptor, F_SETFL, O_NONBLOCK) != 0 || !sent_all(descriptor, bytes)) {
    const std::string why = std::strerror(errno);
    ::close(descriptor);
    fail("cannot connect: " + why);
  }
  return descriptor;
}

std::string address_of(std::size_t client) {
  return "127.0.0." + std::to_string(1 + client / clients_per_address);
}

Line::~Line() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

Line::Line(Line&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)),
      open_(other.open_),
      half_read_(std::move(other.half_read_)) {}

void Line::send(std::string_view bytes) const {
  if (!sent_all(descriptor_, bytes)) fail("cannot send: the server is too slow, or gone");
}

std::string_view Line::receive() {
  std::ranges::copy(half_read_, buffer.begin());
  const auto before = half_read_.size();
  const auto size = ::recv(descriptor_, buffer.data() + before, buffer.size() - before, 0);
  if (size == 0) fail("the server has closed a connection");
  if (size < 0 && errno != EAGAIN) fail("cannot read: " + std::string(std::strerror(errno)));
  return {buffer.data(), before + (size > 0 ? static_cast<std::size_t>(size) : 0)};
}

std::optional<std::string_view> Line::next(std::string_view& rest) {
  if (!open_) {
    const auto end = rest.find("\r\n\r\n");
    if (end == rest.npos) return std::nullopt;
    if (!rest.starts_with("HTTP/1.1 101 ")) fail("refused: " + std::string(rest.substr(0, 60)));
    rest.remove_prefix(end + 4);
    open_ = true;
  }
  while (const auto frame = take_frame(rest)) {
    if (frame->opcode == text_frame) return frame->payload;
    if (frame->opcode == ping_frame) send(client_frame(pong_frame, frame->payload));
  }
  return std::nullopt;
}

}  // namespace callstate::bench
