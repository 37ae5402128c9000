#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace callstate::bench {

/// One line of the benchmark: a figure beside the ceiling that was measured in
/// the same run.
struct Figure {
  std::string name;
  double value = 0;
  std::string unit;
  double ceiling = 0;  // 0: none
  std::string ceiling_name;
  double ratio = 0;  // value / ceiling
  /// Of the ratio, or of the value where there is no ceiling. None: the figure
  /// is shown beside others, for comparison.
  std::optional<double> target{};
  bool at_least = true;  // the target is a floor; otherwise a bound from above

  [[nodiscard]] bool ok() const {
    if (!target) return true;
    const double held = ceiling > 0 ? ratio : value;
    return at_least ? held >= *target : held <= *target;
  }
};

struct Options {
  std::string dir = "build/bench";  // on the disk that is to be measured
  bool json = false;
  std::vector<std::string> only;  // names of figures; empty: all
  std::uint64_t restart_events = 10'000'000;
  std::uint64_t timeline_events = 10'000'000;
  std::size_t idle_sessions = 10'000;
  std::size_t projection_events = 1'000'000;
  std::string server = "build/release/callstate";
  std::string relays = "tools/bench/peers";  // with the packages they need
};

/// Prints the figure as a table's row, or as a JSON line.
void print(const Figure& figure, const Options& options);
void print_header(const Options& options);

/// The middle value; the vector is sorted by it.
double median(std::vector<double>& values);
double percentile(std::vector<double>& values, double fraction);

/// A folder below `options.dir`, emptied.
std::string fresh_folder(const Options& options, const std::string& name);

// The figures. Each throws std::runtime_error when it cannot be measured.
void measure_append(const Options& options, std::vector<Figure>& figures);
void measure_latency(const Options& options, std::vector<Figure>& figures);
void measure_verify(const Options& options, std::vector<Figure>& figures);
void measure_replay(const Options& options, std::vector<Figure>& figures);
void measure_export(const Options& options, std::vector<Figure>& figures);
void measure_recheck(const Options& options, std::vector<Figure>& figures);
void measure_hop(const Options& options, std::vector<Figure>& figures);
void measure_idle(const Options& options, std::vector<Figure>& figures);
void measure_restart(const Options& options, std::vector<Figure>& figures);
void measure_projection(const Options& options, std::vector<Figure>& figures);
void measure_timeline(const Options& options, std::vector<Figure>& figures);

// Those beside servers of others' making, which play the same calls.
void measure_flat_out(const Options& options, std::vector<Figure>& figures);
void measure_paced(const Options& options, std::vector<Figure>& figures);
void measure_projected(const Options& options, std::vector<Figure>& figures);
void measure_storm(const Options& options, std::vector<Figure>& figures);
void measure_polls(const Options& options, std::vector<Figure>& figures);
void measure_reconnect(const Options& options, std::vector<Figure>& figures);

}  // namespace callstate::bench
