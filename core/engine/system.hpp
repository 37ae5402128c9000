#pragma once

#include <array>
#include <cstdint>

#include "core/engine/ports.hpp"

namespace callstate::engine {

/// The machine's clock. Any thread.
class SystemClock final : public Clock {
 public:
  [[nodiscard]] call::Time now() const override;
};

/// Ids and bits from the operating system's random source. One thread at a time.
class SystemIds final : public IdSource {
 public:
  /// UUIDv7 (RFC 9562): 48 bits of milliseconds, 74 random bits.
  call::CallId next_call(call::Time now) override;
  std::uint64_t random() override;

 private:
  // The kernel is asked for many bits at a time: a call costs a system call.
  std::array<std::uint64_t, 32> bits_{};
  std::size_t left_ = 0;
};

}  // namespace callstate::engine
