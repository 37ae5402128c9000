#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <unordered_map>

#include "core/call/event.hpp"
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

  /// The hash of the stream's last record before the first that is fed, as a
  /// snapshot holds it.
  void seed(const call::Stream& stream, const call::Hash& chain);

  /// Feeds one record with the hash of its bytes. Fails at a break, naming the
  /// position and the stream; later records of the stream are then held
  /// against this one.
  std::expected<void, engine::Failure> check(const call::Record& record, const call::Hash& hash);

 private:
  Since since_;
  std::unordered_map<std::string, call::Hash> last_;
  std::string key_;
};

}  // namespace callstate::storage
