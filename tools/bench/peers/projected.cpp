#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>

#include "tools/bench/peers/pairs.hpp"
#include "tools/bench/peers/served.hpp"
#include "tools/cluster/cluster.hpp"

namespace callstate::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t pair_count = 512;
constexpr double calls_per_s = 2'000;
constexpr std::size_t rounds = 6;
constexpr auto warm_up = 500ms;
constexpr auto time = 3s;

struct Contestant {
  Contestant(const Options& options, std::vector<std::string> flags, const std::string& name)
      : served(options, callstate_peer(std::move(flags)), name),
        pairs(*served.peer, served.server.port(), pair_count) {}

  void play() {
    auto took_us = pairs.paced(calls_per_s, warm_up, time);
    p99.push_back(percentile(took_us, 0.99));
  }

  Served served;
  Pairs pairs;
  std::vector<double> p99;
};

/// A sample of what the server shows of itself.
double metric(std::uint16_t port, const std::string& sample) {
  const int descriptor =
      connected(port, "GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n");
  std::string text;
  std::array<char, 64 * 1024> bytes;
  while (true) {
    pollfd arrived{.fd = descriptor, .events = POLLIN, .revents = 0};
    (void)::poll(&arrived, 1, -1);
    const auto size = ::recv(descriptor, bytes.data(), bytes.size(), 0);
    if (size <= 0) break;
    text.append(bytes.data(), static_cast<std::size_t>(size));
  }
  ::close(descriptor);
  const auto line = text.find("\n" + sample + " ");
  if (line == std::string::npos) throw std::runtime_error("the server shows no " + sample);
  return std::stod(text.substr(line + 1 + sample.size()));
}

}  // namespace

// What the projection to PostgreSQL costs those who call, and how far it is behind
// them: two servers, of which one has it, in turns. PostgreSQL shares the core of the
// clients, behind them.
void measure_projected(const Options& options, std::vector<Figure>& figures) {
  keep_to_core(own_core);
  allow_open_files(4 * pair_count + 1'024);
  tools::Cluster cluster({{"fsync", "on"}, {"shared_buffers", "256MB"}, {"max_wal_size", "4GB"}});
  cluster.start();
  (void)::setpriority(PRIO_PROCESS, static_cast<id_t>(cluster.pid()), 10);
  const auto database = cluster.connection(cluster.create_database());
  Contestant alone(options, {}, "projected-alone");
  Contestant projected(options, {"--postgres", database}, "projected");
  double lag_s = 0;
  for (std::size_t round = 0; round < rounds; ++round) {
    alone.play();
    projected.play();
    lag_s = std::max(lag_s, metric(projected.served.server.port(),
                                   R"(callstate_projection_lag_seconds{projection="postgres"})"));
  }
  figures.push_back({.name = "projected_lag",
                     .value = lag_s,
                     .unit = "s",
                     .ceiling_name = "the longest at an end of a round",
                     .target = 1.0,
                     .at_least = false});
  std::vector<double> ratios;
  for (std::size_t i = 0; i < rounds; ++i) ratios.push_back(projected.p99[i] / alone.p99[i]);
  const double by = median(ratios);
  figures.push_back({.name = "projected_p99",
                     .value = median(projected.p99),
                     .unit = "us",
                     .ceiling = median(alone.p99),
                     .ceiling_name = "p99 without the projection",
                     .ratio = by,
                     .target = 1.1,
                     .at_least = false});
}

}  // namespace callstate::bench
