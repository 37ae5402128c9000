#pragma once

#include <compare>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

namespace callstate::call {

/// A short text held in place: at most `bytes_max` bytes, never on the heap.
///
/// Ids travel through every queue and record, so they must be cheap to copy
/// and of bounded size. A copy touches only the bytes in use. `Tag` makes each
/// kind of id a type of its own: a user cannot be passed where a device is
/// meant. A value type; no thread rules.
template <class Tag, std::size_t BytesMax>
class Text {
 public:
  static constexpr std::size_t bytes_max = BytesMax;

  Text() = default;
  // Cannot fail, and says so: containers of what holds a Text then move.
  Text(const Text& other) noexcept { assign(other.view()); }
  Text& operator=(const Text& other) noexcept {
    if (this != &other) assign(other.view());
    return *this;
  }

  /// The text, or nothing when it has more than `bytes_max` bytes.
  static std::optional<Text> from(std::string_view text) {
    if (text.size() > BytesMax) return std::nullopt;
    std::optional<Text> made(std::in_place);
    made->assign(text);
    return made;
  }

  /// The text, cut after `bytes_max` bytes. For labels that nothing is keyed
  /// by, and for literals that are known to fit.
  static Text clipped(std::string_view text) {
    Text made;
    made.assign(text.substr(0, BytesMax));
    return made;
  }

  [[nodiscard]] std::string_view view() const { return {bytes_, size_}; }
  [[nodiscard]] bool empty() const { return size_ == 0; }

  friend bool operator==(const Text& a, const Text& b) { return a.view() == b.view(); }
  friend auto operator<=>(const Text& a, const Text& b) { return a.view() <=> b.view(); }

 private:
  void assign(std::string_view text) {
    size_ = static_cast<std::uint16_t>(text.size());
    if (!text.empty()) std::memcpy(bytes_, text.data(), text.size());
  }

  std::uint16_t size_ = 0;
  // Left uninitialised beyond size_: clearing it would cost more than the copy.
  char bytes_[BytesMax];
};

}  // namespace callstate::call
