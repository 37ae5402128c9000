#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <string>

#include "projections/postgres/directory.hpp"
#include "tools/callstate/serve_settings.hpp"

namespace callstate::tools {

/// Who users are, from PostgreSQL, by what was given; null where no directory is asked
/// for. It asks when it first has to: PostgreSQL may be away. The failure says which
/// setting is wrong, and holds no connection string.
std::expected<std::unique_ptr<projections::postgres::PostgresDirectory>, std::string>
make_directory(const DirectoryOptions& options);

/// Connections that it has open, at most, and what opens them.
std::size_t directory_descriptors(const DirectoryOptions& options);

}  // namespace callstate::tools
