#pragma once

#include <optional>

#include "core/call/event.hpp"
#include "core/engine/ports.hpp"
#include "core/engine/settings.hpp"
#include "core/seal/merkle.hpp"

namespace callstate::engine {

/// What of the log is sealed and what is to be: the sequencer's own. It makes no
/// record, and says when one is due and what is to be in it. One thread at a time.
///
/// A seal covers what came since the one before it, that one's record included. What
/// recovery finds unsealed and is too much to be read then (a log of before there
/// were seals) is sealed afterwards, chunk by chunk: see `past`.
class Sealing {
 public:
  explicit Sealing(const SealSettings& settings);

  /// Whether there are to be seals at all.
  [[nodiscard]] bool on() const { return settings_.by != nullptr; }

  // Recovery, in this order.

  /// With the seal that the mark knew of, of a log that holds every position from
  /// `first` on; gives the position from which on records are wanted, at most `from`.
  /// What came before `first` and no seal covers is sealed no more.
  call::Position begin(const SealPoint& marked, call::Position head, call::Position from,
                       call::Position first);
  /// Every record from there on, in order.
  void replay(const call::Record& record, const RecordHash& hash);

  // Afterwards.

  /// Every record that is appended, in order.
  void take(const call::Record& record, const call::Hash& hash);

  /// Whether so much has come, or so long ago, that a seal is due.
  [[nodiscard]] bool due(call::Time now) const;
  [[nodiscard]] std::optional<call::Time> deadline() const;
  /// Whether there is anything to seal but the last seal's own record, and nothing
  /// before it that is not sealed yet.
  [[nodiscard]] bool ready() const;
  /// Of all that came, signed as of `at`. Nothing when it could not be signed. Takes
  /// effect with the record that holds it.
  [[nodiscard]] std::optional<call::Sealed> make(call::Time at);

  /// What is to be sealed afterwards: whole chunks from `first` on. None: nothing.
  struct Past {
    call::Position first = 0;
    call::Position last = 0;
  };
  [[nodiscard]] std::optional<Past> past() const;
  /// The chunk that begins with `first`, by its root; nothing when it is not its turn.
  [[nodiscard]] std::optional<call::Sealed> make_past(call::Position first, const call::Hash& root,
                                                      call::Time at);

  [[nodiscard]] const SealPoint& last() const { return last_; }

 private:
  /// After a seal up to `sealed`, with all of it read up to `head`.
  void restart(call::Position sealed, call::Position head);
  void follow(const call::Sealed& sealed, call::Position position, const call::Hash& hash);
  /// The position with which the next seal begins, when all before it has one that
  /// is to have one.
  [[nodiscard]] call::Position next() const;
  [[nodiscard]] std::optional<call::Sealed> sign(call::Sealed sealed, call::Time at) const;

  const SealSettings settings_;
  seal::Tree tree_;
  SealPoint last_;
  call::Position begins_ = 1;              // the log does
  call::Position head_ = 0;                // that recovery is to reach
  std::optional<call::Time> since_;        // when the oldest came that is not sealed
  std::optional<call::Time> retry_after_;  // it could not be signed
};

}  // namespace callstate::engine
