#include <poll.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "tools/bench/figure.hpp"
#include "tools/bench/server_process.hpp"
#include "tools/bench/ws_client.hpp"

namespace callstate::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t sessions_per_address = 20'000;  // fewer than an address has ports
// Each session is to be pinged more than once while we look.
constexpr auto ping_every = std::chrono::seconds(3);
constexpr auto looked_after_for = 3 * ping_every;

std::string padded(std::size_t number) {
  const std::string digits = std::to_string(number);
  return std::string(12 - digits.size(), '0') + digits;
}

/// Many sessions of as many users, each of which has said one thing.
class Crowd {
 public:
  Crowd(std::uint16_t port, std::size_t size, bool authenticated, bool tls) {
    clients_.reserve(size);
    for (std::size_t i = 0; i < size; ++i) {
      const auto user = "0190d6a4-7c3e-7000-8000-" + padded(i);
      clients_.emplace_back(
          WsClient::Target{.port = port,
                           .token = authenticated ? development_token(user) : std::string(),
                           .from = "127.0.0." + std::to_string(1 + i / sessions_per_address),
                           .tls = tls});
      clients_.back().send(R"({"type":"PING"})");
      clients_.back().receive();
      waiting_.push_back({clients_.back().descriptor(), POLLIN, 0});
    }
  }

  /// Answers what they are asked. Throws when one is closed.
  void look_after(Clock::duration time) {
    const auto until = Clock::now() + time;
    while (Clock::now() < until) {
      if (::poll(waiting_.data(), waiting_.size(), 100) <= 0) continue;
      for (std::size_t i = 0; i < waiting_.size(); ++i) {
        if (waiting_[i].revents != 0) clients_[i].look_after();
      }
    }
  }

 private:
  std::vector<WsClient> clients_;
  std::vector<pollfd> waiting_;
};

double kib_per_session(const ServerProcess& server, std::size_t size, bool authenticated,
                       bool tls = false) {
  const double before = server.settled_rss_kib();
  Crowd crowd(server.port(), size, authenticated, tls);
  crowd.look_after(looked_after_for);
  return (server.rss_kib() - before) / static_cast<double>(size);
}

void make_certificate(const std::string& folder) {
  std::filesystem::create_directories(folder);
  const auto command =
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 "
      "-subj /CN=bench -out '" +
      folder + "cert.pem' -keyout '" + folder + "key.pem' 2>/dev/null";
  if (std::system(command.c_str()) != 0) throw std::runtime_error("openssl made no certificate");
}

}  // namespace

void measure_idle(const Options& options, std::vector<Figure>& figures) {
  const auto size = options.idle_sessions;
  if (size == 0) throw std::runtime_error("--idle-sessions is 0");
  allow_open_files(size + 1'024);
  const auto folder = fresh_folder(options, "idle");
  double ours = 0;
  {
    auto command = ServerProcess::callstate(options, folder);
    command.insert(command.end(), {"--ping-every", std::to_string(ping_every.count()) + "s"});
    const ServerProcess server(command, folder + ".err");
    ours = kib_per_session(server, size, true);
  }
  double by_tls = 0;
  {
    auto command = ServerProcess::callstate(options, fresh_folder(options, "idle-tls"));
    command.insert(command.end(), {"--ping-every", std::to_string(ping_every.count()) + "s"});
    const auto pem = fresh_folder(options, "idle-pem") + "/";
    make_certificate(pem);
    command.insert(command.end(), {"--tls-cert", pem + "cert.pem", "--tls-key", pem + "key.pem"});
    const ServerProcess server(command, folder + "-tls.err");
    by_tls = kib_per_session(server, size, true, true);
  }
  const ServerProcess beast(ServerProcess::beast_echo(), folder + "-beast.err");
  const double bare = kib_per_session(beast, size, false);
  figures.push_back({.name = "idle_session",
                     .value = ours,
                     .unit = "KiB",
                     .ceiling_name = "plain ws on Node: 10.1 KiB",
                     .target = 6,
                     .at_least = false});
  figures.push_back({.name = "idle_tls_session",
                     .value = by_tls,
                     .unit = "KiB",
                     .ceiling_name = "the same by TLS 1.3"});
  figures.push_back({.name = "idle_beast_session",
                     .value = bare,
                     .unit = "KiB",
                     .ceiling_name = "bare Beast, no users, no rooms"});
}

}  // namespace callstate::bench
