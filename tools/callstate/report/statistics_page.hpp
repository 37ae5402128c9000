#pragma once

#include <cstdint>
#include <string>

#include "tools/callstate/report/statistics.hpp"
#include "tools/callstate/report/table.hpp"
#include "transports/json_writer.hpp"

namespace callstate::tools {

/// The log as a thing on a disk.
struct LogAbout {
  std::string path;  // its directory, or the server that has it
  std::string log_id;
  unsigned format_version = 0;
  std::uint64_t bytes = 0;
  call::Position mark = 0;   // of the last checkpoint; 0: none
  call::Position first = 1;  // from here on it has all
};

/// Records by type and outcome, refusals by code, calls by status.
std::string render_counts(const Statistics& counted, const Paint& paint);
/// All that is counted, as members of an object.
void put_counts(transports::JsonWriter& to, const Statistics& counted);

std::string render_statistics(const LogAbout& about, const Statistics& counted, const Paint& paint);

/// As one JSON object.
std::string statistics_json(const LogAbout& about, const Statistics& counted);

}  // namespace callstate::tools
