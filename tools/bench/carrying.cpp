#include <chrono>
#include <stdexcept>

#include "core/call/evolve.hpp"
#include "core/engine/no_snapshots.hpp"
#include "core/engine/states.hpp"
#include "tools/bench/embedded.hpp"
#include "tools/bench/figure.hpp"
#include "tools/callstate/carry/exporting.hpp"
#include "tools/callstate/carry/recheck.hpp"

namespace callstate::bench {
namespace {

constexpr std::size_t messages = 1'000'000;
constexpr int rounds = 5;

std::unique_ptr<storage::Store> a_log(const Options& options, const std::string& name) {
  const auto folder = fresh_folder(options, name);
  {
    Embedded engine(folder, 2'048);
    engine.flood(messages);
  }
  storage::OpenOptions open;
  open.path = folder;
  auto store = storage::Store::open(open);
  if (!store) throw std::runtime_error(store.error().message);
  return std::move(*store);
}

template <class Work>
double seconds_of(const Work& work) {
  const auto began = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
}

/// What reading the log and folding its rooms and users takes.
void fold(const engine::LogReader& log) {
  engine::NoSnapshots none;
  engine::States states(none, {1, 2}, messages);
  const auto read =
      log.read(1, log.head(), [&](const call::Record& record, const engine::RecordHash&) {
        const auto& stream = record.stream;
        if (stream.kind == call::StreamKind::room) {
          call::evolve(states.room(stream.tenant, stream.name.view()).room, record);
        } else {
          call::evolve(states.user(stream.tenant, stream.name.view()).user, record);
        }
        return true;
      });
  if (!read) throw std::runtime_error(read.error().message);
}

}  // namespace

void measure_export(const Options& options, std::vector<Figure>& figures) {
  const auto store = a_log(options, "export");
  const auto& log = store->reader();
  std::vector<double> rates;
  for (int round = 0; round < rounds; ++round) {
    const auto seconds = seconds_of([&] {
      const auto done =
          tools::export_log({.log = log, .header = {.log_id = store->log_id(), .head = log.head()}},
                            {}, nullptr, [](std::string_view) { return true; });
      if (!done) throw std::runtime_error(done.error().message);
    });
    rates.push_back(static_cast<double>(log.head()) / seconds);
  }
  figures.push_back({.name = "export",
                     .value = median(rates),
                     .unit = "events/s",
                     .ceiling_name = "",
                     .target = 200'000});
}

void measure_recheck(const Options& options, std::vector<Figure>& figures) {
  const auto store = a_log(options, "recheck");
  const auto& log = store->reader();
  const auto records = static_cast<double>(log.head());
  std::vector<double> rates;
  std::vector<double> folds;
  std::vector<double> ratios;
  for (int round = 0; round < rounds; ++round) {
    const auto folding = seconds_of([&] { fold(log); });
    const auto checking = seconds_of([&] {
      const auto found = tools::recheck(log, {});
      if (!found) throw std::runtime_error(found.error().message);
      if (!found->good()) throw std::runtime_error("the history is decided otherwise now");
    });
    folds.push_back(records / folding);
    rates.push_back(records / checking);
    ratios.push_back(folding / checking);
  }
  figures.push_back({.name = "recheck",
                     .value = median(rates),
                     .unit = "events/s",
                     .ceiling = median(folds),
                     .ceiling_name = "folding the same log",
                     .ratio = median(ratios),
                     .target = 0.5});
}

}  // namespace callstate::bench
