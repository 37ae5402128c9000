#pragma once

#include <algorithm>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/call/event.hpp"
#include "core/call/state.hpp"
#include "core/engine/keyed_hash.hpp"
#include "core/engine/mail_segment.hpp"
#include "core/seal/merkle.hpp"

// What the engine asks of the world. Storage and transports implement these;
// tests and the simulation put their own in place. No port throws.

namespace callstate::engine {

/// A failure that is not a message's fault: what happened, which positions or
/// rooms are concerned, and what to do about it.
struct Failure {
  std::string message;
};

/// Records on their way into the log, encoded but not yet written. Adding takes
/// positions, so a batch that holds records must be committed, or the log can go
/// no further. Used by one thread at a time; the log outlives its batches.
class LogBatch {
 public:
  virtual ~LogBatch() = default;

  /// Encodes the record, sets `record.position` to the log's next position and
  /// returns the SHA-256 of the record's bytes, which the stream's next record
  /// carries as `previous`.
  virtual call::Hash add(call::Record& record) = 0;

  [[nodiscard]] virtual std::size_t size() const = 0;
};

/// The append-only log: a total order of records, positions from 1 without
/// holes. Batches must be committed in the order in which they were begun, and
/// a batch may be begun while the one before it is being committed.
class EventLog {
 public:
  virtual ~EventLog() = default;

  /// An empty batch. One thread at a time.
  virtual std::unique_ptr<LogBatch> begin() = 0;

  /// Writes the batch and blocks until it would survive a power cut. One thread
  /// at a time, which need not be the one that begins batches. After a failure
  /// nothing is known of the batch, and no later commit may succeed. The batch
  /// is given back for reuse by `begin`.
  virtual std::expected<void, Failure> commit(std::unique_ptr<LogBatch> batch) = 0;

  /// Whether there is room to go on: false below the free-space reserve. Any
  /// thread; cheap enough for every batch.
  [[nodiscard]] virtual bool has_room() const = 0;
};

/// The SHA-256 of a stored record's bytes, computed when somebody asks for it:
/// whoever only folds need not pay. Converts to a Hash; valid during the call
/// that hands it out.
class RecordHash {
 public:
  using Function = call::Hash (*)(std::span<const std::uint8_t> bytes);
  RecordHash(std::span<const std::uint8_t> bytes, Function function)
      : bytes_(bytes), function_(function) {}
  /// One that is known already.
  RecordHash(const call::Hash& known) : bytes_(known), function_(copy) {}

  /// The bytes themselves; empty where the log has none.
  [[nodiscard]] std::span<const std::uint8_t> bytes() const {
    return function_ == copy ? std::span<const std::uint8_t>() : bytes_;
  }

  // Implicit: it is that hash, only later.
  operator call::Hash() const { return function_(bytes_); }

 private:
  static call::Hash copy(std::span<const std::uint8_t> bytes) {
    call::Hash hash{};
    std::ranges::copy(bytes, hash.begin());
    return hash;
  }

  std::span<const std::uint8_t> bytes_;
  Function function_;
};

struct Beginning;

/// Reading what is durable, in order.
class LogReader {
 public:
  virtual ~LogReader() = default;

  /// The last durable position; 0 for an empty log.
  [[nodiscard]] virtual call::Position head() const = 0;

  /// Calls `each` for every record of positions `from` … `to`, both included
  /// (`to` beyond the head means the head), until it returns false. The record
  /// is reused between calls. Fails, naming position and room, on a record that
  /// does not verify or a position that is missing.
  using Each = std::function<bool(const call::Record&, const RecordHash&)>;
  virtual std::expected<void, Failure> read(call::Position from, call::Position to,
                                            const Each& each) const = 0;

  /// The same for some positions, which rise and are all within the log.
  virtual std::expected<void, Failure> read_at(std::span<const call::Position> positions,
                                               const Each& each) const {
    bool go_on = true;
    const auto one = [&](const call::Record& record, const RecordHash& hash) {
      return go_on = each(record, hash);
    };
    for (const auto position : positions) {
      if (auto done = read(position, position, one); !done || !go_on) return done;
    }
    return {};
  }

  /// From here on every position is there; 1 as long as nothing has been dropped.
  /// Before it, `read` gives what was kept there and passes over the rest.
  [[nodiscard]] virtual call::Position first() const { return 1; }
  /// What such a log goes on from; null as long as nothing has been dropped.
  [[nodiscard]] virtual std::shared_ptr<const Beginning> beginning() const { return nullptr; }
};

/// Whether a reader of a log that begins with `first` gives `next` right after `before`.
/// Before the beginning there is what was kept.
constexpr bool follows(call::Position before, call::Position next, call::Position first) {
  return next < first ? next > before : next == std::max(before + 1, first);
}

/// Who hears a room's live call: everybody whom it has named. Users are told
/// apart by the fingerprints of their names.
struct Hearer {
  Fingerprint user;
  bool present = false;  // takes part: has neither left nor declined

  friend bool operator==(const Hearer&, const Hearer&) = default;
};

/// The last seal of a log; position 0: it has none.
struct SealPoint {
  call::Position position = 0;  // of its record
  call::Position last = 0;      // up to where it seals
  call::Hash hash{};            // of its record's bytes

  friend bool operator==(const SealPoint&, const SealPoint&) = default;
};

/// What seals are made with. Any thread; nothing of it blocks.
class Sealer {
 public:
  virtual ~Sealer() = default;
  /// SHA-256.
  [[nodiscard]] virtual seal::HashFunction hash() const = 0;
  [[nodiscard]] virtual const std::string& log_id() const = 0;
  /// Of the key that signs; all zero: nothing is signed.
  [[nodiscard]] virtual call::KeyId key() const = 0;
  /// Nothing when it could not be signed, and then there is no seal.
  [[nodiscard]] virtual std::optional<call::Signature> sign(std::string_view statement) const = 0;
};

/// States as of a position, so that a restart need not fold the whole log.
/// Derived: all of it may be deleted. A stored state may be newer than the last
/// mark; `Room::position` tells, and folding skips what it already holds.
class SnapshotStore {
 public:
  virtual ~SnapshotStore() = default;

  /// What the last mark recorded; position 0 when there is none that fits this
  /// build's rules.
  struct Audience {
    call::Stream room;
    std::vector<Hearer> hearers;

    friend bool operator==(const Audience&, const Audience&) = default;
  };
  struct Mark {
    call::Position position = 0;
    std::vector<call::Stream> live{};   // rooms with a live call, users online
    HashKey key{};                      // under which names are fingerprinted
    std::vector<Audience> audiences{};  // of the live calls
    SealPoint seal{};                   // as of `position`
  };
  virtual Mark last_mark() = 0;

  virtual std::optional<call::Room> find_room(const call::Stream& stream) = 0;
  virtual std::optional<call::User> find_user(const call::Stream& stream) = 0;

  /// Keeps a state, replacing an older one. Only states whose records are
  /// durable may be put. Need not be durable until the next mark.
  virtual void put(const call::Stream& stream, const call::Room& room) = 0;
  virtual void put(const call::Stream& stream, const call::User& user) = 0;

  /// Keeps a closed segment of the mailbox. Likewise.
  virtual void put(std::shared_ptr<const MailSegment> segment) = 0;
  /// The positions after `after` in the segments kept that concern `to`: rising,
  /// each once, the first `max` of them. Any thread.
  virtual std::vector<call::Position> find_mail(const Fingerprint& to, call::Position after,
                                                std::size_t max) = 0;

  /// Every stream changed up to `mark.position` has been put: makes that durable
  /// in the background and remembers the mark.
  virtual void mark(Mark mark) = 0;
};

class Clock {
 public:
  virtual ~Clock() = default;
  /// UTC. May step back; the log's time does not, and waits for it at half pace.
  [[nodiscard]] virtual call::Time now() const = 0;
};

/// The only source of randomness.
class IdSource {
 public:
  virtual ~IdSource() = default;
  /// A UUIDv7 for a call that starts at `now`.
  virtual call::CallId next_call(call::Time now) = 0;
  /// 64 random bits, for keyed hashing.
  virtual std::uint64_t random() = 0;
};

}  // namespace callstate::engine
