#pragma once

#include <string_view>

#include "tools/callstate/report/trouble.hpp"

namespace callstate::tools {

/// To standard output.
void print(std::string_view text);

/// The exit code of a command that would end with that one: another, and a sentence to
/// standard error, where not all that was printed could be written.
int after_printing(int exit_code);

/// `callstate COMMAND: …` to standard error; gives the exit code.
int complain(std::string_view command, const Trouble& trouble);

}  // namespace callstate::tools
