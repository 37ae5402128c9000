#include <algorithm>
#include <chrono>

#include "tools/bench/embedded.hpp"
#include "tools/bench/figure.hpp"
#include "tools/bench/raw_log.hpp"

namespace callstate::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t pairs = 2'048;
constexpr std::size_t messages_a_round = 400'000;
constexpr std::size_t rounds = 5;
constexpr std::size_t group = 512;

double seconds_since(Clock::time_point began) {
  return std::chrono::duration<double>(Clock::now() - began).count();
}

}  // namespace

// Many rooms flat out, beside RocksDB alone with the same bytes; in turns, so
// that both see the same disk.
void measure_append(const Options& options, std::vector<Figure>& figures) {
  std::vector<double> ours;
  std::vector<double> raw;
  std::vector<double> ratios;
  const auto folder = fresh_folder(options, "append");
  std::vector<std::string> bytes;
  {
    Embedded engine(folder, pairs);
    engine.flood(40'000);
  }
  bytes = read_raw(folder, 30'000);
  bytes.erase(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(bytes.size() / 3));
  std::vector<std::string> records;
  while (records.size() < messages_a_round) {
    records.insert(records.end(), bytes.begin(), bytes.end());
  }
  Embedded engine(fresh_folder(options, "append"), pairs);
  RawLog log(fresh_folder(options, "append-raw"));
  engine.flood(40'000);
  for (std::size_t round = 0; round < rounds; ++round) {
    const auto before = engine.stats().records;
    auto began = Clock::now();
    engine.flood(messages_a_round);
    ours.push_back(static_cast<double>(engine.stats().records - before) / seconds_since(began));
    began = Clock::now();
    log.put_groups(records, group);
    raw.push_back(static_cast<double>(records.size()) / seconds_since(began));
    ratios.push_back(ours.back() / raw.back());
  }
  figures.push_back({.name = "append",
                     .value = median(ours),
                     .unit = "events/s",
                     .ceiling = median(raw),
                     .ceiling_name = "raw RocksDB, synced groups of 512",
                     .ratio = median(ratios),
                     .target = 0.5});
}

void measure_latency(const Options& options, std::vector<Figure>& figures) {
  std::vector<double> ours;
  std::vector<double> raw;
  const auto folder = fresh_folder(options, "latency");
  {
    Embedded engine(folder, 64);
    engine.flood(2'000);
  }
  const auto records = read_raw(folder, 1'500);
  Embedded engine(fresh_folder(options, "latency"), 64);
  RawLog log(fresh_folder(options, "latency-raw"));
  constexpr std::size_t turns = 20;
  constexpr std::size_t a_turn = 200;
  for (std::size_t turn = 0; turn < turns; ++turn) {
    for (std::size_t i = 0; i < a_turn; ++i) {
      const auto began = Clock::now();
      engine.one();
      ours.push_back(seconds_since(began) * 1e6);
    }
    for (std::size_t i = 0; i < a_turn; ++i) {
      const auto began = Clock::now();
      log.put_one(records[200 + i]);
      raw.push_back(seconds_since(began) * 1e6);
    }
  }
  const double p50 = median(ours);
  const double raw_p50 = median(raw);
  figures.push_back({.name = "append_one_p50",
                     .value = p50,
                     .unit = "us",
                     .ceiling = raw_p50,
                     .ceiling_name = "one raw synced Put",
                     .ratio = p50 / raw_p50,
                     .target = 1.3,
                     .at_least = false});
}

}  // namespace callstate::bench
