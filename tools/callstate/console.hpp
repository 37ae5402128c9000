#pragma once

#include <span>
#include <string_view>

#include "transports/assets.hpp"

namespace callstate::tools {

/// The console's files, the page first; none where it was left out of the build. The
/// build makes them from tools/console.
std::span<const transports::Asset> console_files();
/// Why it was left out; empty where it was not.
std::string_view console_missing();

/// What a server shows at `/console`.
transports::Assets console_assets();

}  // namespace callstate::tools
