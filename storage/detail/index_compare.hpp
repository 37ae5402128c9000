#pragma once

#include <rocksdb/db.h>

#include <expected>
#include <string>
#include <vector>

#include "core/history/maintenance.hpp"

namespace callstate::storage::index {

/// How one index differs from another.
struct Difference {
  std::vector<history::Drift> drift{};
  std::vector<std::string> keys{};  // that it is in, rising
  bool more = false;                // than was listed
  std::uint64_t calls = 0;          // that `expected` has
  std::uint64_t events = 0;
};

/// Compares everything but the checkpoints. Neither database is written meanwhile.
/// `listed_max`: keys, at most.
std::expected<Difference, rocksdb::Status> compare(rocksdb::DB& expected, rocksdb::DB& found,
                                                   std::size_t listed_max);

}  // namespace callstate::storage::index
