#include "storage/detail/positions.hpp"

#include <algorithm>

namespace callstate::storage {

PositionKey::PositionKey(call::Position position) {
  for (auto byte = bytes.rbegin(); byte != bytes.rend(); ++byte) {
    *byte = static_cast<char>(position & 0xFFU);
    position >>= 8U;
  }
}

std::string original_key(call::Position position) {
  std::string key(1, original_prefix);
  key += PositionKey(position).view();
  return key;
}

std::optional<call::Position> parse_position(std::string_view key) {
  if (key.size() != sizeof(call::Position)) return std::nullopt;
  call::Position position = 0;
  for (const char byte : key) position = (position << 8U) | static_cast<unsigned char>(byte);
  if (position == 0) return std::nullopt;
  return position;
}

std::vector<Extent> joined(std::vector<Extent> extents) {
  std::ranges::sort(extents, {}, &Extent::first);
  std::vector<Extent> runs;
  for (const auto& extent : extents) {
    if (!runs.empty() && extent.first <= runs.back().last + 1) {
      runs.back().last = std::max(runs.back().last, extent.last);
    } else {
      runs.push_back(extent);
    }
  }
  return runs;
}

std::vector<Extent> gaps(std::vector<Extent> held) {
  std::vector<Extent> missing;
  call::Position expected = 1;
  for (const auto& run : joined(std::move(held))) {
    if (run.first > expected) missing.push_back({expected, run.first - 1});
    expected = run.last + 1;
  }
  return missing;
}

std::string describe(const std::vector<Extent>& extents) {
  constexpr std::size_t listed_max = 8;
  const bool one = extents.size() == 1 && extents.front().first == extents.front().last;
  std::string text = one ? "position " : "positions ";
  const auto listed = std::min(extents.size(), listed_max);
  for (std::size_t i = 0; i < listed; ++i) {
    if (i > 0) text += i + 1 == extents.size() ? " and " : ", ";
    text += std::to_string(extents[i].first);
    if (extents[i].last != extents[i].first) text += " to " + std::to_string(extents[i].last);
  }
  if (extents.size() > listed) {
    text += " and " + std::to_string(extents.size() - listed) + " more runs";
  }
  return text;
}

}  // namespace callstate::storage
