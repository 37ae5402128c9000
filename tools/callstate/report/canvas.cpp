#include "tools/callstate/report/canvas.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace callstate::tools {
namespace {

/// The bytes of the first character, with what a terminal draws upon it.
std::string_view first_glyph(std::string_view text) {
  const auto is_inner = [&](std::size_t i) {
    return (static_cast<unsigned char>(text[i]) & 0xC0U) == 0x80U;
  };
  std::size_t end = 1;
  while (end < text.size() && is_inner(end)) ++end;
  for (std::size_t next = end; next < text.size(); end = next) {
    do ++next;
    while (next < text.size() && is_inner(next));
    if (width_of(text.substr(end, next - end)) != 0) break;
  }
  return text.substr(0, end);
}

}  // namespace

std::string clipped(std::string_view text, std::size_t width, bool ascii) {
  std::string safe = printable(text);
  if (width_of(safe) <= width) return safe;
  const std::string_view ellipsis = ascii ? "~" : "…";
  if (width == 0) return {};
  std::string kept;
  std::size_t used = 0;
  for (std::string_view rest = safe; !rest.empty();) {
    const auto glyph = first_glyph(rest);
    if (used + width_of(glyph) > width - 1) break;
    used += width_of(glyph);
    kept += glyph;
    rest.remove_prefix(glyph.size());
  }
  return kept.append(ellipsis);
}

std::string spelled_in_ascii(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 3> drawn{
      {{"→", "->"}, {"·", "-"}, {"…", "~"}}};
  std::string spelled(text);
  for (const auto& [glyph, instead] : drawn) {
    for (auto at = spelled.find(glyph); at != spelled.npos; at = spelled.find(glyph, at)) {
      spelled.replace(at, glyph.size(), instead);
    }
  }
  return spelled;
}

void CanvasLine::put(std::size_t at, std::string_view text, Tone tone) {
  const std::string safe = printable(text);
  for (std::string_view rest = safe; !rest.empty();) {
    const auto glyph = first_glyph(rest);
    const std::size_t wide = width_of(glyph);
    if (at + wide > cells_.size()) return;
    if (wide > 0) {
      // Half of a wide one is no glyph.
      if (cells_[at].glyph.empty() && at > 0) cells_[at - 1].glyph.assign(1, ' ');
      if (at + wide < cells_.size() && cells_[at + wide].glyph.empty()) {
        cells_[at + wide].glyph.assign(1, ' ');
      }
      cells_[at] = {std::string(glyph), tone};
      for (std::size_t covered = 1; covered < wide; ++covered)
        cells_[at + covered] = {std::string(), tone};
    }
    at += wide;
    rest.remove_prefix(glyph.size());
  }
}

void CanvasLine::fill(std::size_t from, std::size_t to, std::string_view glyph, Tone tone) {
  for (std::size_t at = from; at < std::min(to, cells_.size()); ++at) put(at, glyph, tone);
}

std::string CanvasLine::text(const Paint& paint) const {
  std::size_t end = cells_.size();
  while (end > 0 && cells_[end - 1].glyph == " ") --end;
  std::string text;
  for (std::size_t at = 0; at < end;) {
    const Tone tone = cells_[at].tone;
    std::string run;
    for (; at < end && cells_[at].tone == tone; ++at) run += cells_[at].glyph;
    text += paint(tone, run);
  }
  return text;
}

}  // namespace callstate::tools
