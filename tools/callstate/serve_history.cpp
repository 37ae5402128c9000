#include "tools/callstate/serve_history.hpp"

#include <utility>

namespace callstate::tools {
namespace {

projections::Tell teller(const std::shared_ptr<spdlog::logger>& log) {
  return [log](projections::Weight weight, const std::string& sentence) {
    switch (weight) {
      case projections::Weight::info:
        return log->info("{}", sentence);
      case projections::Weight::warning:
        return log->warn("{}", sentence);
      case projections::Weight::error:
        return log->error("{}", sentence);
    }
  };
}

}  // namespace

ServedHistory::ServedHistory(storage::Store& store, const std::filesystem::path& data_dir,
                             const engine::Clock& clock, std::shared_ptr<spdlog::logger> log)
    : index_({.path = data_dir / "index",
              .has_room = [&store] { return store.log().has_room(); },
              .on_rebuild = [log](const std::string& why) { log->warn("{}", why); }}),
      runner_(projection_, store.reader(), store.log_id(),
              {.clock = clock, .random = [this] { return random_(); }, .tell = teller(log)}) {}

}  // namespace callstate::tools
