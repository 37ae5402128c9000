#include "projections/postgres/settings.hpp"

#include <algorithm>

#include "projections/postgres/detail/connection.hpp"

namespace callstate::projections::postgres {

std::expected<void, std::string> check(const Settings& settings) {
  const auto& schema = settings.schema;
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (schema.empty() || schema.size() > 63) {
    return std::unexpected("the schema's name must have 1 to 63 bytes");
  }
  if (std::ranges::any_of(schema, control)) {
    return std::unexpected("the schema's name must not hold control characters");
  }
  if (schema.starts_with("pg_") || schema == "information_schema") {
    return std::unexpected("the schema " + schema + " is PostgreSQL's own: choose another name");
  }
  if (auto made = parameters(settings, ""); !made) return std::unexpected(made.error());
  return {};
}

}  // namespace callstate::projections::postgres
