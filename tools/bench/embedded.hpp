#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "core/engine/engine.hpp"
#include "core/engine/fanout.hpp"
#include "core/engine/system.hpp"
#include "storage/seal_key.hpp"
#include "storage/store.hpp"
#include "transports/in_process.hpp"

namespace callstate::bench {

/// The whole engine in this process, with pairs of users who call each other in
/// a room of their own for ever, sealed and signed as a server does it: CALL_STARTED, RINGING,
/// ACCEPTED, ENDED.
class Embedded {
 public:
  Embedded(const std::string& folder, std::size_t pairs);
  ~Embedded();

  /// Sends `messages` as fast as the inbox takes them and waits for all ACKs.
  void flood(std::size_t messages);
  /// Sends the next message and waits for its ACK.
  void one();

  [[nodiscard]] engine::Engine::Stats stats() const { return engine_->stats(); }
  /// Stops without a checkpoint's help: what a test of recovery wants.
  void stop();

 private:
  struct Pair {
    call::RoomName room;
    std::unique_ptr<transports::InProcessSession> caller;
    std::unique_ptr<transports::InProcessSession> callee;
    call::UserId callee_id;
  };
  void open(std::size_t pairs);
  /// Submits the next message of the flow.
  bool send_next();
  void wait_for(std::uint64_t acks);

  engine::SystemClock clock_;
  engine::SystemIds ids_;
  engine::Fanout fanout_;
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<storage::LogSealer> sealer_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<transports::InProcess> transport_;
  std::vector<Pair> pairs_;
  std::uint64_t sent_ = 0;
  std::atomic<std::uint64_t> acks_ = 0;
  std::atomic<std::uint64_t> wanted_ = 0;
  std::mutex mutex_;
  std::condition_variable done_;
  std::atomic<std::uint64_t> refused_ = 0;
};

}  // namespace callstate::bench
