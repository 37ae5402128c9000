#include "tools/callstate/report/table.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>

namespace callstate::tools {
namespace {

constexpr std::size_t gap = 2;
constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD
constexpr char32_t not_utf8 = 0xFFFFFFFF;

struct Range {
  char32_t first;
  char32_t last;
};

// What a terminal gives no column: combining marks, joiners, variation selectors.
constexpr std::array<Range, 9> zero_width{{{0x0300, 0x036F},
                                           {0x0483, 0x0489},
                                           {0x0591, 0x05BD},
                                           {0x064B, 0x065F},
                                           {0x1AB0, 0x1AFF},
                                           {0x200B, 0x200D},
                                           {0x20D0, 0x20FF},
                                           {0xFE00, 0xFE0F},
                                           {0xFE20, 0xFE2F}}};
// What it gives two: the blocks of East Asian wide characters and of emoji.
constexpr std::array<Range, 9> double_width{{{0x1100, 0x115F},
                                             {0x2E80, 0x303E},
                                             {0x3041, 0xA4CF},
                                             {0xAC00, 0xD7A3},
                                             {0xF900, 0xFAFF},
                                             {0xFE30, 0xFE6F},
                                             {0xFF00, 0xFF60},
                                             {0x1F300, 0x1FAFF},
                                             {0x20000, 0x3FFFD}}};
// Controls, and marks that reorder the text around them.
constexpr std::array<Range, 6> harmful{{{0x0000, 0x001F},
                                        {0x007F, 0x009F},
                                        {0x061C, 0x061C},
                                        {0x200E, 0x200F},
                                        {0x2028, 0x202E},
                                        {0x2066, 0x2069}}};

template <std::size_t N>
bool within(const std::array<Range, N>& ranges, char32_t c) {
  return std::ranges::any_of(ranges, [c](Range r) { return r.first <= c && c <= r.last; });
}

/// Takes the first character off `text`; a byte that begins none is `not_utf8`.
char32_t next(std::string_view& text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  const std::size_t size = first < 0x80           ? 1
                           : first >> 5U == 0x06U ? 2
                           : first >> 4U == 0x0EU ? 3
                           : first >> 3U == 0x1EU ? 4
                                                  : 0;
  constexpr std::array<char32_t, 5> smallest{0, 0, 0x80, 0x800, 0x10000};
  char32_t c = size < 2 ? first : first & (0x7FU >> size);
  bool good = size != 0 && size <= text.size();
  for (std::size_t i = 1; good && i < size; ++i) {
    good = byte(i) >> 6U == 0x02U;
    c = (c << 6U) | (byte(i) & 0x3FU);
  }
  good = good && c >= smallest[size] && c <= 0x10FFFF && !(c >= 0xD800 && c <= 0xDFFF);
  text.remove_prefix(good ? size : 1);
  return good ? c : not_utf8;
}

std::string_view code_of(Tone tone) {
  switch (tone) {
    case Tone::plain:
      return "";
    case Tone::bold:
      return "\033[1m";
    case Tone::dim:
      return "\033[2m";
    case Tone::good:
      return "\033[32m";
    case Tone::warning:
      return "\033[33m";
    case Tone::bad:
      return "\033[1;31m";
    case Tone::accent:
      return "\033[36m";
  }
  return "";
}

}  // namespace

std::string printable(std::string_view text) {
  std::string safe;
  safe.reserve(text.size());
  while (!text.empty()) {
    const std::string_view before = text;
    const char32_t c = next(text);
    if (c == not_utf8 || within(harmful, c)) {
      safe += replacement;
    } else {
      safe += before.substr(0, before.size() - text.size());
    }
  }
  return safe;
}

std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const char32_t c = next(text);
    if (c < 0x300) {
      ++width;
    } else if (!within(zero_width, c)) {
      width += within(double_width, c) ? 2 : 1;
    }
  }
  return width;
}

Paint Paint::for_stdout() {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  const bool refused = (no_color != nullptr && *no_color != '\0') ||
                       (term != nullptr && std::string_view(term) == "dumb");
  return Paint(!refused && ::isatty(STDOUT_FILENO) == 1);
}

std::string Paint::operator()(Tone tone, std::string_view text) const {
  const std::string_view code = coloured_ ? code_of(tone) : std::string_view();
  if (code.empty() || text.empty()) return printable(text);
  return std::string(code) + printable(text) + "\033[0m";
}

std::string Table::render(const Paint& paint, std::size_t indent) const {
  std::vector<std::vector<Cell>> lines = rows_;
  std::vector<std::size_t> widths(columns_.size(), 0);
  for (auto& line : lines) {
    line.resize(columns_.size());
    for (std::size_t i = 0; i < line.size(); ++i) {
      line[i].text = printable(line[i].text);
      widths[i] = std::max(widths[i], width_of(line[i].text));
    }
  }
  const bool titled =
      std::ranges::any_of(columns_, [](const Column& c) { return !c.title.empty(); });
  if (titled) {
    std::vector<Cell> titles;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      titles.push_back({columns_[i].title, Tone::dim});
      if (widths[i] > 0) widths[i] = std::max(widths[i], width_of(columns_[i].title));
    }
    lines.insert(lines.begin(), std::move(titles));
  }

  std::string text;
  for (const auto& line : lines) {
    text.append(indent, ' ');
    std::size_t spaces = 0;  // owed, so that no line ends in them
    for (std::size_t i = 0; i < line.size(); ++i) {
      if (widths[i] == 0) continue;
      const std::size_t padding = widths[i] - width_of(line[i].text);
      const bool right = columns_[i].align == Align::right;
      if (right) spaces += padding;
      if (!line[i].text.empty()) {
        text.append(spaces, ' ');
        spaces = 0;
        text += paint(line[i].tone, line[i].text);
      }
      spaces += gap + (right ? 0 : padding);
    }
    text += '\n';
  }
  return text;
}

}  // namespace callstate::tools
