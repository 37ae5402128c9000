#pragma once

#include <rocksdb/env.h>

#include <expected>
#include <memory>

#include "storage/detail/database.hpp"
#include "storage/detail/directory_lock.hpp"
#include "storage/detail/fail_stop.hpp"
#include "storage/store.hpp"

namespace callstate::storage {

enum class Access : unsigned char { read_write, read_only };

/// Opens the database in `path` and checks everything that `Store::open`
/// promises. The caller holds the directory's lock. Background errors trip
/// `fail_stop`.
std::expected<std::unique_ptr<Database>, engine::Failure> open_checked(
    const std::filesystem::path& path, Access access, bool create_if_missing,
    const std::shared_ptr<FailStop>& fail_stop, rocksdb::Env* env);

/// Snapshots without a mark are of no use, and one that could not be read takes
/// the mark away: the tables may be damaged, and compactions would read them.
std::expected<void, engine::Failure> drop_unmarked_snapshots(Database& database);

/// `Store::open` on another environment, which tests put faults into. `env`
/// outlives the store.
std::expected<std::unique_ptr<Store>, engine::Failure> open_store(const OpenOptions& options,
                                                                  rocksdb::Env* env);

}  // namespace callstate::storage
