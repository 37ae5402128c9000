#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/history/rows.hpp"
#include "support/memory_log.hpp"

namespace callstate::projections::postgres {

/// Random lives of `rooms` rooms, in one log: calls of every kind, with roles, names
/// with odd characters, metadata of odd shapes and records that were refused.
std::vector<call::Record> random_records(std::uint64_t seed, std::size_t rooms, int steps);

/// Two people, one call each room, from ringing to hanging up: `calls` of them.
std::vector<call::Record> plain_records(std::size_t calls, std::size_t first = 0);

void append(support::MemoryLog& log, const std::vector<call::Record>& records);

/// Stands for the wire's JSON.
std::string payload_of(const call::Record& record);

/// A table as texts, one line a row: what it must hold by a fold of the log, written
/// here once more, and what it holds.
using Lines = std::map<std::string, std::string>;
struct History {
  Lines calls;   // by id
  Lines events;  // by position
};
History expected_tables(const std::vector<call::Record>& records);
/// `all` gives the rows of a query.
using Query = std::function<std::vector<std::vector<std::string>>(const std::string& sql)>;
History found_tables(const Query& all);

void expect_same(const History& found, const History& expected);

}  // namespace callstate::projections::postgres
