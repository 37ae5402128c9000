#include <algorithm>
#include <chrono>
#include <stdexcept>

#include "storage/sha256.hpp"
#include "tools/bench/embedded.hpp"
#include "tools/bench/figure.hpp"
#include "tools/bench/raw_log.hpp"
#include "tools/callstate/report/verification.hpp"

namespace callstate::bench {

// All that `callstate verify` checks of a log, its seals included, beside reading the
// same records and hashing each once.
void measure_verify(const Options& options, std::vector<Figure>& figures) {
  const auto folder = fresh_folder(options, "verify");
  {
    Embedded engine(folder, 2'048);
    engine.flood(1'000'000);
  }
  std::vector<double> ours;
  std::vector<double> raw;
  std::vector<double> ratios;
  for (int round = 0; round < 5; ++round) {
    double seconds = 0;
    const auto records = static_cast<double>(hash_raw(folder, seconds));
    raw.push_back(records / seconds);

    auto log = storage::StoredLog::open(folder);
    if (!log) throw std::runtime_error(log.error().message);
    const auto began = std::chrono::steady_clock::now();
    const auto found = tools::verify_log((*log)->reader(), &(*log)->snapshots(),
                                         {.hash = storage::sha256, .log_id = (*log)->log_id()});
    seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
    if (!found.good()) throw std::runtime_error(found.problems.front().what);
    if (found.seals.seals == 0) throw std::runtime_error("nothing is sealed");
    ours.push_back(static_cast<double>(found.records) / seconds);
    ratios.push_back(ours.back() / raw.back());
  }
  figures.push_back({.name = "verify",
                     .value = median(ours),
                     .unit = "records/s",
                     .ceiling = median(raw),
                     .ceiling_name = "raw iterator scan with a SHA-256 of each record",
                     .ratio = median(ratios),
                     .target = 0.5});
}

}  // namespace callstate::bench
