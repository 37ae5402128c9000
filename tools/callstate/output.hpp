#pragma once

#include <string_view>

#include "tools/callstate/report/trouble.hpp"

namespace callstate::tools {

/// To standard output.
void print(std::string_view text);

/// `callstate COMMAND: …` to standard error; gives the exit code.
int complain(std::string_view command, const Trouble& trouble);

}  // namespace callstate::tools
