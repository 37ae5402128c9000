#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <map>
#include <string>
#include <unordered_map>
#include <unordered_set>

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

/// Counts records that it is given in order.
class StatisticsCounter {
 public:
  void take(const call::Record& record);
  Statistics finish() &&;

 private:
  void take_in_room(const call::Record& record);

  Statistics counted_;
  std::unordered_set<std::string> tenants_;
  std::unordered_set<std::string> rooms_;
  std::unordered_set<std::string> users_;
  std::unordered_map<std::string, call::Room> live_;
};

/// Reads the whole log once.
std::expected<Statistics, engine::Failure> count_log(const engine::LogReader& log);

}  // namespace callstate::tools
