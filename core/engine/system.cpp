#include "core/engine/system.hpp"

#include <unistd.h>

#include <cassert>
#include <chrono>

namespace callstate::engine {

call::Time SystemClock::now() const {
  return std::chrono::floor<call::Duration>(std::chrono::system_clock::now());
}

std::uint64_t SystemIds::random() {
  if (left_ == 0) {
    const int filled = getentropy(bits_.data(), sizeof(bits_));
    assert(filled == 0);  // fails only for sizes above 256
    (void)filled;
    left_ = bits_.size();
  }
  return bits_[--left_];
}

call::CallId SystemIds::next_call(call::Time now) {
  const auto milliseconds = static_cast<std::uint64_t>(
      std::chrono::floor<std::chrono::milliseconds>(now).time_since_epoch().count());
  call::CallId id;
  for (std::size_t i = 0; i < 6; ++i) {
    id.bytes[i] = static_cast<std::uint8_t>(milliseconds >> (8 * (5 - i)));
  }
  std::uint64_t bits = random();
  for (std::size_t i = 6; i < 16; ++i) {
    if (i == 8) bits = random();
    id.bytes[i] = static_cast<std::uint8_t>(bits);
    bits >>= 8U;
  }
  id.bytes[6] = static_cast<std::uint8_t>(0x70U | (id.bytes[6] & 0x0FU));  // version 7
  id.bytes[8] = static_cast<std::uint8_t>(0x80U | (id.bytes[8] & 0x3FU));  // variant
  return id;
}

}  // namespace callstate::engine
