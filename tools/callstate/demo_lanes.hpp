#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tools/callstate/report/table.hpp"

namespace callstate::tools {

enum class Direction : std::uint8_t { note, sent, received };

/// One thing that one side of the demonstration did or saw.
struct Sight {
  std::chrono::milliseconds since_start{};
  std::size_t side = 0;
  Direction direction = Direction::note;
  std::string text;  // the message as JSON, or a remark
};

/// Writes what the sides see, a line each, in the order in which it happens.
class DemoLanes {
 public:
  /// One name a side, `alice laptop`.
  DemoLanes(std::vector<std::string> sides, Paint paint, bool json);

  [[nodiscard]] std::string line(const Sight& sight) const;
  [[nodiscard]] const std::string& name(std::size_t side) const { return sides_[side]; }

 private:
  std::vector<std::string> sides_;
  std::size_t width_ = 0;
  Paint paint_;
  bool json_;
};

}  // namespace callstate::tools
