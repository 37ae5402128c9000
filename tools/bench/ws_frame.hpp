#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// What the benchmarks' clients say on the wire: frames of at most 64 KiB, whole.

namespace callstate::bench {

constexpr std::uint8_t text_frame = 0x1;
constexpr std::uint8_t close_frame = 0x8;
constexpr std::uint8_t ping_frame = 0x9;
constexpr std::uint8_t pong_frame = 0xA;

/// A client's frame. Any mask will do: a server unmasks all alike. Throws
/// std::runtime_error for a payload that is too long.
std::string client_frame(std::uint8_t opcode, std::string_view payload,
                         std::uint32_t mask = 0x9E3779B9);

struct ServerFrame {
  std::uint8_t opcode = 0;
  std::string_view payload;
};
/// Takes a whole frame of the server's off `rest`; nothing while there is none.
/// Throws std::runtime_error when one is too long, or closes the connection.
std::optional<ServerFrame> take_frame(std::string_view& rest);

sockaddr_in address(const std::string& ip, std::uint16_t port);

}  // namespace callstate::bench
