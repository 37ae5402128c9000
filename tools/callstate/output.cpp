#include "tools/callstate/output.hpp"

#include <unistd.h>

#include <cstdio>
#include <string>

#include "tools/callstate/report/table.hpp"

namespace callstate::tools {

void print(std::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
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
