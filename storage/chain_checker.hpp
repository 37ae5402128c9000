#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <unordered_map>

#include "core/call/event.hpp"
#include "core/engine/beginning.hpp"
#include "core/engine/ports.hpp"

namespace callstate::storage {

/// Holds the hash chains of all streams (rooms, users, the server) while
/// records are fed to it in the order of the log: each record must carry the
/// hash of its stream's record before. One thread.
class ChainChecker {
 public:
  /// Where feeding begins: at position 1, or later. In the middle a stream's
  /// first record is taken at its word unless the stream was seeded; at the
  /// start it must have no predecessor.
  enum class Since : std::uint8_t { start, middle };
  explicit ChainChecker(Since since) : since_(since) {}
  /// Fed with all that is left of a log from which something was dropped: what was kept
  /// of before its beginning, where of rooms alone nothing is missing in between, and
  /// all that follows the states there. Null: from the start.
  explicit ChainChecker(std::shared_ptr<const engine::Beginning> beginning)
      : since_(beginning ? Since::middle : Since::start), beginning_(std::move(beginning)) {}

  /// The hash of the stream's last record before the first that is fed, as a
  /// snapshot holds it.
  void seed(const call::Stream& stream, const call::Hash& chain);

  /// Feeds one record with the hash of its bytes. Fails at a break, naming the
  /// position and the stream; later records of the stream are then held
  /// against this one.
  std::expected<void, engine::Failure> check(const call::Record& record, const call::Hash& hash);

 private:
  std::expected<void, engine::Failure> begin();

  Since since_;
  std::shared_ptr<const engine::Beginning> beginning_;  // until it has been reached
  std::unordered_map<std::string, call::Hash> last_;
  std::string key_;
};

}  // namespace callstate::storage
