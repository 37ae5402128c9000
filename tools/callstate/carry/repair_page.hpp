#pragma once

#include <string>

#include "storage/repair.hpp"
#include "tools/callstate/report/table.hpp"

namespace callstate::tools {

std::string render_repair(const std::string& directory, const std::string& copy,
                          const storage::Repaired& repaired, const Paint& paint);
/// As one JSON object.
std::string repair_json(const std::string& directory, const std::string& copy,
                        const storage::Repaired& repaired);

}  // namespace callstate::tools
