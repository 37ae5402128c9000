#pragma once

#include <memory>
#include <string>

#include "tools/bench/figure.hpp"
#include "tools/bench/peers/peer.hpp"
#include "tools/bench/server_process.hpp"

namespace callstate::bench {

/// The cores of a comparison: one for the server, one for who loads it.
constexpr int server_core = 0;
constexpr int own_core = 1;

/// A peer and its running server, on a fresh data directory of that name.
struct Served {
  Served(const Options& options, std::unique_ptr<Peer> as, const std::string& name);

  std::unique_ptr<Peer> peer;
  ServerProcess server;
};

}  // namespace callstate::bench
