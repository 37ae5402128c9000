#include <algorithm>
#include <chrono>
#include <cstdio>

#include "tools/bench/embedded.hpp"
#include "tools/bench/figure.hpp"
#include "tools/bench/server_process.hpp"
#include "tools/bench/ws_client.hpp"

namespace callstate::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t pairs = 2'048;
constexpr std::size_t flood_size = 200'000;
constexpr std::size_t rounds = 3;
// What is in the log behind its checkpoint when the server is killed: half of
// what may be, `--checkpoint-every` by default being twice that.
constexpr std::size_t tail_size = 50'000;
constexpr std::size_t in_flight = 200;

void fill(const std::string& folder, std::uint64_t records) {
  Embedded engine(folder, pairs);
  while (engine.stats().records < records) {
    engine.flood(std::min<std::uint64_t>(flood_size, records - engine.stats().records));
    std::fprintf(stderr, "\r  a log of %.1f million records … %3.0f %%",
                 static_cast<double>(records) / 1e6,
                 100.0 * static_cast<double>(std::min(engine.stats().records, records)) /
                     static_cast<double>(records));
  }
  std::fprintf(stderr, "\n");
}

/// A log and the server that is started on it over and over.
class Restarts {
 public:
  Restarts(const Options& options, const std::string& name, std::uint64_t records)
      : options_(options), folder_(fresh_folder(options, name)) {
    fill(folder_, records);
    const auto server = start();
    load(server->port());
  }

  /// Starts it, and kills it with a tail to replay.
  void measure() {
    const auto began = Clock::now();
    const auto server = start();
    took_ms_.push_back(std::chrono::duration<double, std::milli>(Clock::now() - began).count());
    load(server->port());
  }

  double median_ms() { return median(took_ms_); }

 private:
  [[nodiscard]] std::unique_ptr<ServerProcess> start() const {
    return std::make_unique<ServerProcess>(ServerProcess::callstate(options_, folder_),
                                           folder_ + ".err");
  }

  /// Appends a tail: signals in a call.
  static void load(std::uint16_t port) {
    WsClient caller({.port = port, .token = development_token("caller")});
    WsClient callee({.port = port, .token = development_token("callee")});
    const auto say = [](WsClient& side, const std::string& fields) {
      side.send("{" + fields + R"(,"roomName":"tail"})");
    };
    say(caller, R"("type":"ENDED","reason":"hangup")");  // what is left of the last time
    caller.receive();
    say(caller, R"("type":"CALL_STARTED","calleeId":"callee")");
    callee.receive_with("CALL_STARTED");
    say(callee, R"("type":"ACCEPTED")");
    caller.receive_with("ACCEPTED");
    std::size_t heard = 0;
    for (std::size_t sent = 0; sent < tail_size;) {
      for (std::size_t i = 0; i < in_flight; ++i, ++sent) {
        say(caller,
            R"("type":"SIGNAL","to":"callee","data":{"sequence":)" + std::to_string(sent) + "}");
      }
      for (; heard < sent; ++heard) callee.receive_with("SIGNAL");
      caller.look_after();
    }
  }

  const Options& options_;
  const std::string folder_;
  std::vector<double> took_ms_;
};

}  // namespace

// From the start of the process to the line that says it listens, after it was
// killed under load: with a long log, and with one of a tenth.
void measure_restart(const Options& options, std::vector<Figure>& figures) {
  Restarts small(options, "restart-small", std::max<std::uint64_t>(options.restart_events / 10, 1));
  Restarts large(options, "restart", options.restart_events);
  for (std::size_t round = 0; round < rounds; ++round) {
    small.measure();
    large.measure();
  }
  const double large_ms = large.median_ms();
  figures.push_back({.name = "restart_ready",
                     .value = large_ms,
                     .unit = "ms",
                     .ceiling_name = std::to_string(options.restart_events) + " records",
                     .target = 1'000,
                     .at_least = false});
  figures.push_back({.name = "restart_growth",
                     .value = large_ms / small.median_ms(),
                     .unit = "times",
                     .ceiling_name = "a log ten times as long",
                     .target = 1.5,
                     .at_least = false});
}

}  // namespace callstate::bench
