#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tools/callstate/carry/line.hpp"
#include "tools/callstate/carry/selection.hpp"

// The first and the last line of an export.

namespace callstate::tools {

/// What an export is of.
struct Header {
  std::string log_id;
  call::Position head = 0;  // of the log at that time
  bool anonymised = false;
  /// Where the log began from which older calls were dropped: from there on all that was
  /// asked for is in it, of before what was kept.
  call::Position begins = 1;
  /// Each narrows what the one before has left; none: the whole log.
  std::vector<Selection> part{};

  [[nodiscard]] bool whole() const { return part.empty(); }
};

/// With the line's end.
std::string write_header(const Header& header);
/// Refuses what a newer version has written.
std::expected<Header, LineFault> read_header(std::string_view line);

/// The last line, which says that none is missing and none was changed.
struct Footer {
  std::uint64_t records = 0;
  std::string lines;  // SHA-256 of all lines before it, with their ends; in hexadecimal
};
/// With its end.
std::string write_footer(const Footer& footer);
/// Nothing for a line that is none.
std::optional<Footer> read_footer(std::string_view line);

}  // namespace callstate::tools
