#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "core/call/event.hpp"

namespace callstate::projections::postgres {

class Cutter;

/// Where rows are kept, or users are asked for.
struct Settings {
  /// libpq's connection string or URL. What it does not say is taken from libpq's
  /// environment variables and password file. A secret: no message holds it.
  std::string connection;
  /// The schema of the tables: made where it is missing. Any name but PostgreSQL's
  /// own (`pg_…`, `information_schema`), 1 to 63 bytes.
  std::string schema = "callstate";
  std::chrono::seconds connect_timeout{5};
  /// For one statement. A batch that takes longer is undone, and tried again.
  std::chrono::milliseconds statement_timeout{30'000};
  /// For a batch or a look-up, a handful of statements, even if no answer comes at all.
  /// Kept by `cutter`, and not without.
  std::chrono::milliseconds step_timeout{120'000};
  /// What trouble is told in terms of.
  enum class Use : std::uint8_t { rows, directory };
  Use use = Use::rows;
  /// Where connections can be cut. May be null: then nothing cuts them.
  std::shared_ptr<Cutter> cutter{};
};

/// What is wrong with the settings, without connecting; nothing where they can be
/// tried.
std::expected<void, std::string> check(const Settings& settings);

/// The text of a record as it went over the wire: a JSON object. Called on the
/// thread that applies rows.
using PayloadText = std::function<std::string(const call::Record&)>;

}  // namespace callstate::projections::postgres
