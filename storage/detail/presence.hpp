#pragma once

#include <rocksdb/env.h>

#include <cstdint>
#include <expected>
#include <filesystem>

#include "core/engine/ports.hpp"

namespace callstate::storage {

/// What a directory holds.
enum class Presence : std::uint8_t {
  nothing,
  /// The making of a log was cut short: nothing in it can be a record, nor the
  /// name of a log. To be made anew over what is there.
  begun,
  /// RocksDB's own files are made, and families are missing: of a log without a
  /// record any, otherwise that of the snapshots, while they are made anew.
  without_families,
  log,
};

/// Fails where part of a log is missing, as RocksDB would make a new one in its
/// place.
std::expected<Presence, engine::Failure> presence_in(const std::filesystem::path& path,
                                                     rocksdb::Env* env);

}  // namespace callstate::storage
