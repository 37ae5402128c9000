#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "simulation/client.hpp"
#include "simulation/process.hpp"

namespace callstate::simulation {

/// How much happened, to see that a run tests something.
struct Tally {
  std::size_t records = 0;
  std::size_t calls = 0;
  std::size_t restarts = 0;
  std::size_t checkpoints = 0;
};

/// Some tenants with their users and devices, a network, a server with its disk,
/// and bad luck, all from one seed.
class World final : public Network {
 public:
  explicit World(std::uint64_t seed);

  /// Lives through some minutes of trouble and a quiet end. Throws Violation.
  Tally run();

  // For clients.
  std::shared_ptr<Wire> dial(Client& client, const std::optional<call::RoomName>& room) override;
  void send(const std::shared_ptr<Wire>& wire, engine::Submission submission) override;
  void hang_up(const std::shared_ptr<Wire>& wire, bool silent) override;

 private:
  struct Connection {
    std::shared_ptr<Wire> wire;
    Client* client = nullptr;
  };

  void populate();
  void boot();
  void crash();
  void something_goes_wrong();
  void quiet_end();
  void come_to_rest(const char* otherwise);
  void check_everything_ended();
  void check_clean_restart();
  void check_recheck() const;
  void close_later(const std::shared_ptr<Wire>& wire, call::Duration delay);
  void cut_all_wires();
  [[nodiscard]] call::Duration travel_time(const Wire& wire);

  Dice dice_;
  support::PlainSealer sealer_;
  engine::Settings settings_;
  Timeline timeline_;
  WrongClock clock_{timeline_};
  support::MemoryLog log_;
  support::MemorySnapshots snapshots_;
  Truth truth_;
  Hub hub_;
  std::unique_ptr<Process> process_;
  std::vector<std::unique_ptr<Process>> ended_;  // kept: events may still name them
  Client::People people_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<Connection> connections_;
  engine::SessionId last_session_ = 0;
  bool troubled_ = true;
  bool services_ = false;  // a back end acts for users
  Tally tally_;
};

}  // namespace callstate::simulation
