#include "tools/callstate/serve_history.hpp"

#include <utility>

namespace callstate::tools {

ServedHistory::ServedHistory(storage::Store& store, const std::filesystem::path& data_dir,
                             const projections::FollowerPorts& ports,
                             std::function<void(const std::string&)> on_rebuild)
    : index_({.path = data_dir / "index",
              .has_room = [&store] { return store.log().has_room(); },
              .on_rebuild = std::move(on_rebuild)}),
      runner_(projection_, store.reader(),
              storage::index_log_id(store.log_id(), store.reader().first()), ports,
              // On a core with the sessions each record takes 5 us that they wait.
              {.look_again = std::chrono::milliseconds(3)}),
      maintenance_(index_, {.log = store.reader(),
                            .log_id = storage::index_log_id(store.log_id(), store.reader().first()),
                            .alone = [this](const storage::IndexSource::Work& work) {
                              return runner_.between_steps(work);
                            }}) {}

}  // namespace callstate::tools
