#pragma once

#include <cstddef>

namespace callstate::tools {

struct TerminalSize {
  std::size_t columns = 80;
  std::size_t rows = 24;
};

/// Of the terminal that standard output is; else what COLUMNS and LINES say; else 80
/// by 24.
TerminalSize terminal_size();

/// Whether the locale says that the terminal shows UTF-8.
bool shows_utf8();

}  // namespace callstate::tools
