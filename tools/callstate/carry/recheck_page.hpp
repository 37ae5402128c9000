#pragma once

#include <chrono>
#include <string>

#include "tools/callstate/carry/recheck.hpp"
#include "tools/callstate/report/table.hpp"

namespace callstate::tools {

/// What was found, as a page; `took` is how long it took to find.
std::string render_recheck(const Rechecked& found, std::chrono::duration<double> took,
                           const Paint& paint);

/// As one JSON object.
std::string recheck_json(const Rechecked& found, std::chrono::duration<double> took);

}  // namespace callstate::tools
