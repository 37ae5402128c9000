#include "tools/bench/ws_frame.hpp"

#include <arpa/inet.h>

#include <cstring>
#include <stdexcept>

namespace callstate::bench {
namespace {

constexpr std::uint8_t final_bit = 0x80;
constexpr std::uint8_t masked_bit = 0x80;
constexpr std::uint8_t long_size = 126;  // two bytes with the size follow

std::uint8_t byte(char c) {
  return static_cast<std::uint8_t>(c);
}

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error("WebSocket: " + what);
}

}  // namespace

std::string client_frame(std::uint8_t opcode, std::string_view payload, std::uint32_t mask) {
  char masks[sizeof mask];
  std::memcpy(masks, &mask, sizeof mask);
  std::string frame;
  frame.reserve(8 + payload.size());
  frame.push_back(static_cast<char>(final_bit | opcode));
  if (payload.size() < long_size) {
    frame.push_back(static_cast<char>(masked_bit | payload.size()));
  } else if (payload.size() <= 0xFFFF) {
    frame.push_back(static_cast<char>(masked_bit | long_size));
    frame.push_back(static_cast<char>(payload.size() >> 8));
    frame.push_back(static_cast<char>(payload.size()));
  } else {
    fail("the message is too long");
  }
  frame.append(masks, sizeof masks);
  for (std::size_t i = 0; i < payload.size(); ++i) {
    frame.push_back(static_cast<char>(payload[i] ^ masks[i % sizeof masks]));
  }
  return frame;
}

std::optional<ServerFrame> take_frame(std::string_view& rest) {
  if (rest.size() < 2) return std::nullopt;
  std::size_t head = 2;
  std::size_t size = byte(rest[1]);
  if (size == long_size) {
    head = 4;
    if (rest.size() < head) return std::nullopt;
    size = static_cast<std::size_t>(byte(rest[2])) << 8U | byte(rest[3]);
  } else if (size > long_size) {
    fail("a frame is too long");
  }
  if (rest.size() < head + size) return std::nullopt;
  const ServerFrame frame{static_cast<std::uint8_t>(byte(rest[0]) & 0xFU), rest.substr(head, size)};
  rest.remove_prefix(head + size);
  if (frame.opcode == close_frame) {
    fail("closed: " +
         std::string(frame.payload.size() > 2 ? frame.payload.substr(2) : "without a reason"));
  }
  return frame;
}

sockaddr_in address(const std::string& ip, std::uint16_t port) {
  sockaddr_in made{};
  made.sin_family = AF_INET;
  made.sin_port = htons(port);
  ::inet_pton(AF_INET, ip.c_str(), &made.sin_addr);
  return made;
}

}  // namespace callstate::bench
