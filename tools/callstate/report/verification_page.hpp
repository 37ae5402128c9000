#pragma once

#include <chrono>
#include <string>

#include "tools/callstate/report/table.hpp"
#include "tools/callstate/report/verification.hpp"

namespace callstate::tools {

/// What was found, as a page; `took` is how long it took to find.
std::string render_verification(const Verification& found, std::chrono::duration<double> took,
                                const Paint& paint);

/// As one JSON object.
std::string verification_json(const Verification& found, std::chrono::duration<double> took);

}  // namespace callstate::tools
