#pragma once

#include <cstdint>
#include <string>

#include "core/call/ids.hpp"

namespace callstate::tools {

/// What came of an export or an import.
struct CarriedPage {
  std::string what;   // `exported`, `imported`
  std::string where;  // the file, or the directory
  std::string log_id;
  std::uint64_t records = 0;
  call::Position head = 0;  // of the log
  bool part = false;
  bool anonymised = false;
  std::uint64_t bytes = 0;  // of the text
};

std::string render_carried(const CarriedPage& page);
/// As one JSON object.
std::string carried_json(const CarriedPage& page);

}  // namespace callstate::tools
