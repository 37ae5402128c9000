#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include "transports/websocket_frame.hpp"

// Any bytes, in two different splits, must give the same frames and never
// crash. The first byte chooses the split.

namespace {

using callstate::transports::FrameParser;
using callstate::transports::is_utf8;

constexpr std::uint32_t limit = 16 * 1024;

std::string parse(std::string bytes, std::size_t step) {
  FrameParser parser(limit);
  std::string seen;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    std::span<char> portion(bytes.data() + at, std::min(step, bytes.size() - at));
    for (;;) {
      const auto result = parser.next(portion);
      if (result.kind == FrameParser::Result::Kind::need_more) break;
      if (result.payload.size() > limit) std::abort();
      if (result.kind == FrameParser::Result::Kind::message && !is_utf8(result.payload))
        std::abort();
      seen.push_back(static_cast<char>(result.kind));
      seen.append(std::to_string(result.code)).append(result.payload);
    }
    if (!portion.empty()) std::abort();
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string bytes(data + 1, data + size);
  if (parse(bytes, bytes.size()) != parse(bytes, std::size_t{data[0]} + 1)) std::abort();
  return 0;
}
