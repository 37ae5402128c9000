#pragma once

#include <flatbuffers/flatbuffers.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "core/history/rows.hpp"

namespace callstate::storage::index {

/// How far the rows have come, and whose they are.
struct Checkpoint {
  call::Hash version{};  // of the sources that folded and wrote them
  std::string log_id;
  call::Position position = 0;

  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

/// A record that was gone beyond on purpose.
struct Skipped {
  std::string reason;
  call::Time at{};

  friend bool operator==(const Skipped&, const Skipped&) = default;
};

/// What the index keeps, to bytes (schemas/index.fbs), which are valid until the next
/// call. One thread at a time.
class Encoder {
 public:
  std::span<const std::uint8_t> encode(const history::CallRow& row);
  std::span<const std::uint8_t> encode(const Checkpoint& checkpoint);
  std::span<const std::uint8_t> encode(const Skipped& skipped);

 private:
  flatbuffers::FlatBufferBuilder builder_{1024};
};

// Bytes back to what was put. Trusts nothing: nothing for any other bytes. Any thread.

std::optional<history::CallRow> decode_call(std::span<const std::uint8_t> bytes);
std::optional<Checkpoint> decode_checkpoint(std::span<const std::uint8_t> bytes);
std::optional<Skipped> decode_skipped(std::span<const std::uint8_t> bytes);

}  // namespace callstate::storage::index
