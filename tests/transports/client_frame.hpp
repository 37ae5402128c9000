#pragma once

#include <string>
#include <string_view>

namespace callstate::transports {

/// A client's frame, masked; `first` is the header's first byte.
inline std::string client_frame(int first, std::string_view payload,
                                std::string_view mask = "\x37\xfa\x21\x3d") {
  std::string bytes(1, static_cast<char>(first));
  if (payload.size() < 126) {
    bytes.push_back(static_cast<char>(0x80U | payload.size()));
  } else if (payload.size() <= 0xFFFF) {
    bytes.push_back(static_cast<char>(0x80U | 126U));
    bytes.push_back(static_cast<char>(payload.size() >> 8U));
    bytes.push_back(static_cast<char>(payload.size() & 0xFFU));
  } else {
    bytes.push_back(static_cast<char>(0x80U | 127U));
    for (int i = 7; i >= 0; --i) bytes.push_back(static_cast<char>(payload.size() >> (8 * i)));
  }
  bytes.append(mask);
  for (std::size_t i = 0; i < payload.size(); ++i)
    bytes.push_back(static_cast<char>(payload[i] ^ mask[i % 4]));
  return bytes;
}

}  // namespace callstate::transports
