#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace callstate::tools {

enum class Tone : std::uint8_t { plain, bold, dim, good, warning, bad, accent };

/// Whether output is coloured. Text for a file or a pipe never is.
class Paint {
 public:
  explicit Paint(bool coloured) : coloured_(coloured) {}
  /// For standard output: coloured on a terminal, unless NO_COLOR is set or
  /// TERM is `dumb`.
  static Paint for_stdout();

  /// The text made safe for a terminal (see `printable`) and coloured.
  [[nodiscard]] std::string operator()(Tone tone, std::string_view text) const;

 private:
  bool coloured_;
};

/// UTF-8 text that does to a terminal nothing but show. Names come from
/// strangers: control characters, invisible ones that turn the direction of
/// writing, and bytes that are not UTF-8 become U+FFFD.
std::string printable(std::string_view text);

/// Columns of a terminal that printable text takes: none for combining marks,
/// two for East Asian wide characters and emoji.
std::size_t width_of(std::string_view text);

struct Cell {
  std::string text;
  Tone tone = Tone::plain;
};

/// Aligned columns, two spaces apart. Columns in which no row has a text are
/// left out; the last one is not padded.
class Table {
 public:
  enum class Align : std::uint8_t { left, right };
  struct Column {
    std::string title;  // empty everywhere: no line of titles
    Align align = Align::left;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

  /// Missing cells are empty.
  void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }

  /// Every line indented and ended by a newline.
  [[nodiscard]] std::string render(const Paint& paint, std::size_t indent = 0) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace callstate::tools
