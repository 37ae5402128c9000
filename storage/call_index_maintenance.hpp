#pragma once

#include <expected>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "core/engine/ports.hpp"
#include "core/history/maintenance.hpp"
#include "storage/call_index.hpp"

// Making an index of calls anew from the log, and holding it against the log. Both
// fold the log into another index beside it, `<path>.anew`, so that an interrupted run
// goes on where it was. Readers read and the log is followed meanwhile. They block, one
// at a time; any thread but the sink's.

namespace callstate::storage {

/// What an index is made from, and who follows the log for it.
struct IndexSource {
  const engine::LogReader& log;
  std::string log_id;
  /// Runs the work while nobody applies anything to the index or opens it, and has it
  /// opened once more afterwards. Gives what the work gave, or why it could not be run.
  using Work = std::function<std::expected<void, history::Trouble>()>;
  std::function<std::expected<void, history::Trouble>(const Work& work)> alone;
};

/// Folds the whole log, and puts what comes of it in the place of the index at once,
/// no less far than that was.
std::expected<history::Rebuilt, history::Trouble> rebuild(CallIndex& index,
                                                          const IndexSource& source,
                                                          const history::OnProgress& on_progress);

/// Things that are listed, and mended, at most.
constexpr std::size_t index_drift_max = 1'000;

/// Compares all that is in the index with what the log says up to where the index has
/// come. With `repair` brings what has drifted to what the log says.
std::expected<history::Verified, history::Trouble> verify(CallIndex& index,
                                                          const IndexSource& source, bool repair,
                                                          const history::OnProgress& on_progress);

/// How an index stands that no process uses. Changes nothing.
struct IndexStanding {
  std::string log_id;  // empty: there is none
  call::Position position = 0;
  std::vector<history::Skipped> skipped{};
};
std::expected<IndexStanding, history::Trouble> inspect_index(const std::filesystem::path& path);

/// Removes what is in an index that no process uses: the next start builds it anew.
void drop_index(const std::filesystem::path& path);

}  // namespace callstate::storage
