#pragma once

#include <filesystem>
#include <functional>

#include "storage/detail/database.hpp"

namespace callstate::storage::testing {

/// Opens a stopped log's RocksDB without any check and lets `change` at it: for
/// what no store would ever write.
void change_behind_its_back(const std::filesystem::path& path,
                            const std::function<void(Database&)>& change);

}  // namespace callstate::storage::testing
