#pragma once

#include <functional>
#include <string>

#include "core/engine/ports.hpp"

namespace callstate::tools {

/// A run of positions that cannot be read, and what the reader says of it.
using OnLost = std::function<void(call::Position first, call::Position last, std::string why)>;

/// Reads all of a log, and goes on past what cannot be read: where reading on fails, by
/// single positions, until it does not. `lost` hears of a run before `each` gets the
/// record behind it. Ends when `each` returns false. `scan` reads the same log as `log`,
/// and is used for what is whole.
void read_patiently(const engine::LogReader& log, const engine::LogReader& scan,
                    const engine::LogReader::Each& each, const OnLost& lost);

}  // namespace callstate::tools
