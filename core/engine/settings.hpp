#pragma once

#include <cstddef>
#include <string>

#include "core/call/decide.hpp"
#include "core/engine/quota.hpp"

namespace callstate::engine {

class Sealer;

/// When the log's records are sealed.
struct SealSettings {
  const Sealer* by = nullptr;        // null: never
  std::size_t records = 4'096;       // once so many have come
  call::Duration every{10'000'000};  // or the first of them so long ago
  /// Records that a start reads to go on with; where more are unsealed, they are sealed
  /// afterwards, beside what is served.
  call::Position tail_max = 262'144;
};

/// The engine's limits. At each bound the comment says what happens.
struct Settings {
  call::Rules rules;

  /// Submissions waiting to be decided; a further one is answered OVERLOADED.
  std::size_t inbox_max = 16'384;
  /// Submissions decided into one batch, and records they may come to before
  /// the last of them; the rest waits for the next.
  std::size_t batch_max = 1'024;
  /// Positions of the log in which a repeated message id is recognised; older
  /// ids are forgotten.
  std::size_t dedup_window = 262'144;
  /// Rooms and users in memory; beyond, those that nobody needs are dropped and
  /// come back from their snapshots.
  std::size_t entries_max = 65'536;
  /// Sessions of one user; a further one is closed (4429).
  std::size_t sessions_per_user_max = 20;
  /// Rooms that one session has joined by JOIN; a further one is answered
  /// OVERLOADED.
  std::size_t rooms_per_session_max = 1'000;
  /// New calls of one user; a further one is answered RATE_LIMITED.
  Rate calls{.per_second = 10.0 / 60.0, .burst = 10};
  /// New sessions of one user, each of which may cost a record; a further one
  /// is closed (4429).
  Rate opens{.per_second = 10, .burst = 100};
  /// Records between two checkpoints.
  std::size_t checkpoint_every = 100'000;
  /// Changed states saved along with one batch while a checkpoint is under way;
  /// beyond `entries_max`, as many more as the batch has records.
  std::size_t saves_per_batch = 256;
  /// Positions of a segment of the mailbox, of which the latest is in memory: a
  /// power of two, at most MailSegment::block_positions.
  std::size_t mail_segment = 16'384;
  /// Whether calls have a room at a media server.
  bool media = false;
  SealSettings seals;
  /// Recorded in SERVER_STARTED.
  std::string version = "0.1.0";
};

}  // namespace callstate::engine
