#include <chrono>
#include <stdexcept>

#include "core/call/evolve.hpp"
#include "core/engine/no_snapshots.hpp"
#include "core/engine/states.hpp"
#include "tools/bench/embedded.hpp"
#include "tools/bench/figure.hpp"
#include "tools/bench/raw_log.hpp"

namespace callstate::bench {

void measure_replay(const Options& options, std::vector<Figure>& figures) {
  const auto folder = fresh_folder(options, "replay");
  {
    Embedded engine(folder, 2'048);
    engine.flood(1'000'000);
  }
  std::vector<double> ours;
  std::vector<double> raw;
  std::vector<double> ratios;
  for (int round = 0; round < 5; ++round) {
    double seconds = 0;
    const auto records = static_cast<double>(scan_raw(folder, seconds));
    raw.push_back(records / seconds);

    storage::OpenOptions open;
    open.path = folder;
    auto store = storage::Store::open(open);
    if (!store) throw std::runtime_error(store.error().message);
    engine::NoSnapshots none;
    engine::States states(none, {1, 2}, 1'000'000);
    std::size_t replayed = 0;
    const auto& reader = (*store)->reader();
    const auto began = std::chrono::steady_clock::now();
    const auto read =
        reader.read(1, reader.head(), [&](const call::Record& record, const engine::RecordHash&) {
          ++replayed;
          const auto& stream = record.stream;
          if (stream.kind == call::StreamKind::room) {
            call::evolve(states.room(stream.tenant, stream.name.view()).room, record);
          } else {
            call::evolve(states.user(stream.tenant, stream.name.view()).user, record);
          }
          return true;
        });
    if (!read) throw std::runtime_error(read.error().message);
    seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    ours.push_back(static_cast<double>(replayed) / seconds);
    ratios.push_back(ours.back() / raw.back());
  }
  figures.push_back({.name = "replay",
                     .value = median(ours),
                     .unit = "events/s",
                     .ceiling = median(raw),
                     .ceiling_name = "raw iterator scan of the same log",
                     .ratio = median(ratios),
                     .target = 0.5});
}

}  // namespace callstate::bench
