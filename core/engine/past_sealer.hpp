#pragma once

#include <atomic>
#include <thread>

#include "core/engine/ports.hpp"
#include "core/engine/sealing.hpp"
#include "core/engine/submission.hpp"

namespace callstate::engine {

/// Has a log's past sealed while the server serves: reads it chunk by chunk on a thread
/// of its own, and submits the root of each. A log that cannot be read is left
/// unsealed from there on; that it is damaged is others' to say.
class PastSealer {
 public:
  PastSealer(const LogReader& log, Inbox& inbox, seal::HashFunction hash, Sealing::Past past);
  /// Ends within a record or two.
  ~PastSealer();
  PastSealer(const PastSealer&) = delete;
  PastSealer& operator=(const PastSealer&) = delete;

 private:
  void run(Sealing::Past past);
  [[nodiscard]] bool submit(const SealPast& chunk);

  const LogReader& log_;
  Inbox& inbox_;
  const seal::HashFunction hash_;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;  // last: started when all is there
};

}  // namespace callstate::engine
