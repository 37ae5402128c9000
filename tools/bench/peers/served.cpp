#include "tools/bench/peers/served.hpp"

#include <utility>

namespace callstate::bench {

Served::Served(const Options& options, std::unique_ptr<Peer> as, const std::string& name)
    : peer(std::move(as)),
      server(peer->command(options, fresh_folder(options, name)), options.dir + "/" + name + ".err",
             server_core) {}

}  // namespace callstate::bench
