#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <map>
#include <string>

#include "core/engine/ports.hpp"

namespace callstate::tools {

/// A log in numbers.
struct Statistics {
  /// Records of one type, by outcome.
  using Outcomes = std::array<std::uint64_t, 3>;

  call::Position head = 0;
  call::Time first_at{};
  call::Time last_at{};
  std::map<std::string, Outcomes, std::less<>> by_type;
  Outcomes total{};
  std::map<std::string, std::uint64_t, std::less<>> refusals;         // by code
  std::map<std::string, std::uint64_t, std::less<>> calls_by_status;  // as in the call log
  std::uint64_t tenants = 0;
  std::uint64_t rooms = 0;
  std::uint64_t users = 0;  // that did something, were called or came online
  std::uint64_t calls = 0;
};

/// Reads the whole log once.
std::expected<Statistics, engine::Failure> count_log(const engine::LogReader& log);

}  // namespace callstate::tools
