#include "tools/callstate/terminal_size.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <string_view>

#include "transports/text_values.hpp"

namespace callstate::tools {
namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

void take_number(const char* name, std::size_t& to) {
  constexpr std::uint64_t largest = 10'000;
  if (const auto number = transports::parse_number(variable(name), largest); number && *number > 0)
    to = *number;
}

}  // namespace

TerminalSize terminal_size() {
  TerminalSize size;
  struct winsize window{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_col > 0 && window.ws_row > 0) {
    return {window.ws_col, window.ws_row};
  }
  take_number("COLUMNS", size.columns);
  take_number("LINES", size.rows);
  return size;
}

bool shows_utf8() {
  std::string locale;
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    locale = variable(name);
    if (!locale.empty()) break;
  }
  std::ranges::transform(locale, locale.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return locale.find("utf-8") != locale.npos || locale.find("utf8") != locale.npos;
}

}  // namespace callstate::tools
