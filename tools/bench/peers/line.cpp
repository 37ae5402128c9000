#include "tools/bench/peers/line.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace callstate::bench {
namespace {

constexpr std::uint8_t text_frame = 0x1;
constexpr std::uint8_t close_frame = 0x8;
constexpr std::uint8_t ping_frame = 0x9;
constexpr std::uint8_t pong_frame = 0xA;
constexpr std::uint8_t final_bit = 0x80;
// Any mask will do; a server unmasks all alike.
constexpr std::array<std::uint8_t, 4> mask{0x9E, 0x37, 0x79, 0xB9};

constexpr std::size_t clients_per_address = 20'000;  // fewer than an address has ports

// One buffer for all lines: a line that has read gives its texts away at once.
thread_local std::array<char, 256 * 1024> buffer;

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error("load generator: " + what);
}

sockaddr_in address(const std::string& ip, std::uint16_t port) {
  sockaddr_in made{};
  made.sin_family = AF_INET;
  made.sin_port = htons(port);
  ::inet_pton(AF_INET, ip.c_str(), &made.sin_addr);
  return made;
}

bool sent_all(int descriptor, std::string_view bytes) {
  return ::send(descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
         static_cast<ssize_t>(bytes.size());
}

std::uint8_t byte(char c) {
  return static_cast<std::uint8_t>(c);
}

std::string frame(std::uint8_t opcode, std::string_view payload) {
  std::string made;
  made.push_back(static_cast<char>(final_bit | opcode));
  if (payload.size() < 126) {
    made.push_back(static_cast<char>(0x80 | payload.size()));
  } else if (payload.size() <= 0xFFFF) {
    made.push_back(static_cast<char>(0x80 | 126));
    made.push_back(static_cast<char>(payload.size() >> 8));
    made.push_back(static_cast<char>(payload.size()));
  } else {
    fail("the message is too long");
  }
  for (const auto part : mask) made.push_back(static_cast<char>(part));
  for (std::size_t i = 0; i < payload.size(); ++i) {
    made.push_back(static_cast<char>(byte(payload[i]) ^ mask[i % mask.size()]));
  }
  return made;
}

}  // namespace

std::string client_frame(std::string_view text) {
  return frame(text_frame, text);
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
  while (rest.size() >= 2) {
    std::size_t head = 2;
    std::size_t size = byte(rest[1]);
    if (size == 126 && rest.size() >= 4) {
      head = 4;
      size = static_cast<std::size_t>(byte(rest[2])) << 8U | byte(rest[3]);
    }
    if (size > 126 && head == 2) fail("a frame is too long");
    if (rest.size() < head + size) return std::nullopt;
    const auto opcode = byte(rest[0]) & 0xFU;
    const auto payload = rest.substr(head, size);
    rest.remove_prefix(head + size);
    if (opcode == text_frame) return payload;
    if (opcode == ping_frame) send(frame(pong_frame, payload));
    if (opcode == close_frame) {
      fail("closed: " + std::string(payload.size() > 2 ? payload.substr(2) : "without a reason"));
    }
  }
  return std::nullopt;
}

}  // namespace callstate::bench
