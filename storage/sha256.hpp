#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "core/call/ids.hpp"

namespace callstate::storage {

/// The SHA-256 that chains a stream's records: of a record's bytes, without its
/// position. Any thread; keeps no state.
call::Hash sha256(std::span<const std::uint8_t> bytes);

/// The same of what comes piece by piece. One thread.
class Sha256 {
 public:
  Sha256();
  ~Sha256();

  void add(std::string_view piece);
  /// Of all that was added. Nothing may be added after it.
  [[nodiscard]] call::Hash finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace callstate::storage
