#pragma once

#include <expected>
#include <string>
#include <vector>

#include "core/history/ports.hpp"
#include "projections/postgres/settings.hpp"

namespace callstate::projections::postgres {

/// How the rows stand, whoever keeps them.
struct Standing {
  std::string log_id;  // empty: there are none
  call::Position position = 0;
  std::vector<history::Skipped> skipped{};
};

/// Looks, and changes nothing: no schema is made, no writer is put out. Blocks.
std::expected<Standing, history::Trouble> inspect(const Settings& settings);

}  // namespace callstate::projections::postgres
