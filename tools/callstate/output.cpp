#include "tools/callstate/output.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>

#include "tools/callstate/report/table.hpp"

namespace callstate::tools {

namespace {

int print_error = 0;  // the first one's errno

}  // namespace

void print(std::string_view text) {
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  if ((!written || std::fflush(stdout) != 0) && print_error == 0) print_error = errno;
}

int after_printing(int exit_code) {
  if (print_error == 0) return exit_code;
  std::fprintf(stderr, "callstate: not all of it could be written to standard output: %s.\n",
               std::strerror(print_error));
  return static_cast<int>(Exit::unusable);
}

int complain(std::string_view command, const Trouble& trouble) {
  std::string text = "callstate ";
  text.append(command).append(": ");
  // Lines are ours; what else a terminal would obey may be somebody else's.
  for (std::string_view rest = trouble.message; !rest.empty();) {
    const auto line = rest.substr(0, rest.find('\n'));
    text += printable(line) + '\n';
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  }
  std::fwrite(text.data(), 1, text.size(), stderr);
  return static_cast<int>(trouble.exit);
}

}  // namespace callstate::tools
