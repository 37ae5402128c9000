#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tools/callstate/report/table.hpp"

namespace callstate::tools {

/// The first `width` columns of printable text at most; what is cut ends in an
/// ellipsis.
std::string clipped(std::string_view text, std::size_t width, bool ascii = false);

/// The text with what these pages draw, arrows and dots, in ASCII; names stay as they are.
std::string spelled_in_ascii(std::string_view text);

/// One line of a drawing, a column at a time. What is put later covers what was there.
class CanvasLine {
 public:
  explicit CanvasLine(std::size_t width) : cells_(width) {}

  /// Printable text; what goes beyond the line's end is left out.
  void put(std::size_t at, std::string_view text, Tone tone = Tone::plain);
  /// The same glyph, one column wide, in [from, to).
  void fill(std::size_t from, std::size_t to, std::string_view glyph, Tone tone);

  [[nodiscard]] std::size_t width() const { return cells_.size(); }
  /// Without spaces at the end, and without a newline.
  [[nodiscard]] std::string text(const Paint& paint) const;

 private:
  struct Slot {
    std::string glyph = " ";  // empty: covered by the wide one before it
    Tone tone = Tone::plain;
  };
  std::vector<Slot> cells_;
};

}  // namespace callstate::tools
