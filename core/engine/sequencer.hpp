#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "core/call/decide.hpp"
#include "core/call/evolve.hpp"
#include "core/engine/audiences.hpp"
#include "core/engine/dedup.hpp"
#include "core/engine/directory.hpp"
#include "core/engine/effect.hpp"
#include "core/engine/mailbox.hpp"
#include "core/engine/metrics.hpp"
#include "core/engine/ports.hpp"
#include "core/engine/sealing.hpp"
#include "core/engine/settings.hpp"
#include "core/engine/states.hpp"
#include "core/engine/submission.hpp"

namespace callstate::engine {

/// What was decided together and becomes durable together.
struct Batch {
  std::uint64_t number = 0;  // from 1
  std::unique_ptr<LogBatch> records;
  std::vector<Effect> effects;
  std::size_t submissions = 0;                              // decided into it
  std::vector<std::chrono::steady_clock::time_point> came;  // its messages, where that is measured
  std::vector<MailNote> mail;
  call::Position head = 0;    // of the log, with its records
  call::Position sealed = 0;  // up to where it is sealed, with them
  std::vector<Save> saves;
  std::optional<SnapshotStore::Mark> mark;
};

/// What recovery found.
struct Recovery {
  call::Position head = 0;        // of the log as it was found
  call::Position checkpoint = 0;  // the replay began after it
  std::size_t replayed = 0;       // records folded
  std::size_t live_rooms = 0;
};

/// The heart: takes submissions one after the other, decides, advances the
/// state and says what is to be appended and, once that is durable, released.
/// It has no thread, no clock and no randomness of its own, so that given the
/// same inputs it does the same. One thread at a time.
///
/// The order of use: `recover`, then `start` once, then `begin`, any number of
/// `decide`, `finish`, and the batch is committed, in order, elsewhere; `done`
/// tells that it has been.
class Sequencer {
 public:
  Sequencer(const Settings& settings, const Clock& clock, IdSource& ids, EventLog& log,
            SnapshotStore& snapshots, Mailbox& mailbox, Directory* directory = nullptr);

  /// Folds the log: the last checkpoint and what came after it. Checks that
  /// positions have no hole and that every replayed stream's hash chain holds;
  /// a failure names positions and streams.
  std::expected<Recovery, Failure> recover(const LogReader& reader);

  /// The batch with SERVER_STARTED: from then on every earlier session counts as
  /// gone.
  Batch start();

  Batch begin();
  /// Acts on every deadline that has passed.
  void decide_due(Batch& batch);
  void decide(Submission& submission, Batch& batch);
  /// Whether the next submission has to wait for the next batch.
  [[nodiscard]] bool full(const Batch& batch) const {
    return std::max(batch.submissions, batch.records->size()) >= settings_.batch_max;
  }
  /// Adds what is to be saved and marked; `everything`: all of it, for a stop.
  void finish(Batch& batch, bool everything = false);

  /// The batch of this number and all before it are durable. Any thread.
  void done(std::uint64_t batch) { batch_done_.store(batch, std::memory_order_release); }

  /// When, by the clock, to call `decide_due`: at the next deadline, or before.
  [[nodiscard]] std::optional<call::Time> next_deadline() const;

  /// What was decided so far, counted. Any thread.
  [[nodiscard]] EngineMetrics& metrics() { return metrics_; }
  [[nodiscard]] const EngineMetrics& metrics() const { return metrics_; }
  [[nodiscard]] LiveCalls live_calls() const { return live_calls_; }
  [[nodiscard]] std::size_t users_online() const { return users_online_; }
  /// The last checkpoint's position.
  [[nodiscard]] call::Position marked() const { return marked_; }
  /// What is sealed, and what is to be.
  [[nodiscard]] const Sealing& sealing() const { return sealing_; }

  /// For tests, tools and metrics: the state as decided so far.
  [[nodiscard]] States& states() { return states_; }
  [[nodiscard]] call::Position head() const { return head_; }
  [[nodiscard]] std::size_t sessions() const { return sessions_.size(); }

 private:
  struct Session {
    UserEntry* user = nullptr;
    call::Role role = call::Role::crm_user;
    std::string device;
    std::string name;
    std::vector<call::RoomName> joined;  // by JOIN
    std::vector<call::RoomName> left;    // by LEAVE; heard again once it acts there
  };
  /// On whose behalf a record is made, and what became of the message.
  struct By {
    call::Actor actor;
    call::MessageId message_id;
    call::CallId call;
    call::Outcome outcome = call::Outcome::applied;
    call::ErrorCode refusal = call::ErrorCode::none;
  };
  /// The server itself, of a call or of none.
  static By server(const call::CallId& call = {});

  void on(OpenSession& open, Batch& batch);
  void on(CloseNotice& notice, Batch& batch);
  void on(Send& send, Batch& batch);
  void on(Join& join, Batch& batch);
  void on(Leave& leave, Batch& batch);
  // In sequencer_requests.cpp:
  void on(Request& request, Batch& batch);
  void on(Ask& ask, Batch& batch);
  void on(Revoke& revoke, Batch& batch);
  void on(ReportMedia& report, Batch& batch);
  // In sequencer_seals.cpp:
  void on(SealNow& now, Batch& batch);
  void on(SealPast& past, Batch& batch);
  void seal(Batch& batch);
  void append(call::Sealed sealed, Batch& batch);

  [[nodiscard]] static bool may_hear(call::Role role, const call::UserId& user,
                                     const call::Room& room);
  call::Time refresh_now();
  /// When the clock will show that the log's time is `time`.
  [[nodiscard]] call::Time by_the_clock(call::Time time) const;
  [[nodiscard]] call::Context context() const;
  [[nodiscard]] call::Sender sender_of(const Session& session) const;
  [[nodiscard]] bool online(const call::TenantId& tenant, const call::UserId& user);
  /// Of a user with a session its own; else what the directory remembers.
  [[nodiscard]] call::KnownRole role_of(const call::TenantId& tenant, const call::UserId& user);
  [[nodiscard]] std::optional<call::RoomName> ringing_room(const call::TenantId& tenant,
                                                           const call::UserId& caller,
                                                           const call::UserId& callee);

  [[nodiscard]] call::Record make_record(const Entry& entry, call::Seq seq,
                                         const call::Hash& previous, const By& by,
                                         call::Payload payload) const;
  /// Puts the record into the batch, and gives the hash of its bytes.
  call::Hash add(call::Record& record, Batch& batch);
  /// Appends to a room and folds; an applied event is published.
  call::Position append(RoomEntry& room, const By& by, call::Payload payload, Batch& batch);
  call::Position append(UserEntry& user, const By& by, call::Payload payload, Batch& batch);
  /// A message of a session, or of a request without one, whose answer goes to
  /// `reply_to`, and who `wants` one in any case.
  struct Said {
    SessionId reply_to = 0;
    bool wants = false;
    Session* session = nullptr;
    call::Sender sender;
  };
  void act(const Said& said, call::Message& message, Batch& batch);
  void repeat(SessionId reply_to, const call::Message& message, const Remembered& before,
              const call::UserId& actor, const call::TenantId& tenant, Batch& batch);
  [[nodiscard]] bool revoked(const UserEntry& user, call::Time issued_at) const;
  /// Whether the requester's token still counts; if not, it is told.
  [[nodiscard]] bool admitted(const Requester& by, Batch& batch);
  void refuse(SessionId to, call::ErrorCode code, std::string_view sentence, Batch& batch,
              const call::RoomName& room = {}) const;
  void answer(const Ask& ask, const Ask::Admission& what, Batch& batch);
  void answer(const Ask& ask, const Ask::LiveCalls& what, Batch& batch);
  void answer(const Ask& ask, const Ask::OneRoom& what, Batch& batch);
  void answer(const Ask& ask, const Ask::PresenceOf& what, Batch& batch);

  /// The media server's name for a room of ours.
  [[nodiscard]] std::string media_room_of(const call::TenantId& tenant, const call::RoomName& room);
  /// The other way round; nothing for a room that is none of ours.
  struct Place {
    call::TenantId tenant;
    call::RoomName room;
  };
  [[nodiscard]] std::optional<Place> place_of(const std::string& media_room);
  /// Remembers whose a media server's room is.
  void claim_media_room(const call::Record& record);
  void conclude(RoomEntry& room, std::vector<call::Payload> payloads, Batch& batch);
  void sessions_changed(UserEntry& user, Batch& batch);
  void sessions_came(UserEntry& user, Batch& batch);
  void sessions_gone(UserEntry& user, Batch& batch);
  /// Whether what came after the cursor can be sent; if not, says why.
  [[nodiscard]] bool can_resume(SessionId session, std::optional<call::Position> since,
                                const call::RoomName& room, Batch& batch);
  void tell_other_devices(const call::Sender& sender, const call::UserId& user,
                          const call::RoomName& room, const call::CallId& call,
                          call::Position position, Batch& batch);
  void hear(SessionId session, call::Role role, const RoomEntry& room, Batch& batch);
  void show_room(SessionId session, const RoomEntry& room, Batch& batch);
  void show_invitation(SessionId session, const UserEntry& user, const RoomEntry& room,
                       Batch& batch);

  std::optional<Failure> fold(const call::Record& record, const call::Hash& hash);
  void fold_start(const call::Record& record);
  void fold_audience(const call::Record& record, std::vector<MailNote>& notes);
  void make_room();
  void count_live();
  std::optional<Failure> load_live(const SnapshotStore::Mark& mark, call::Position head);

  const Settings settings_;
  const Clock& clock_;
  IdSource& ids_;
  EventLog& log_;
  SnapshotStore& snapshots_;
  Mailbox& mailbox_;
  Directory* const directory_;       // null: there is none
  const SnapshotStore::Mark found_;  // the mark that recovery begins with
  const HashKey key_;                // of all names, as long as that mark and its successors
  States states_;
  Audiences audiences_;
  Dedup dedup_;
  Sealing sealing_;
  std::unordered_map<SessionId, Session> sessions_;
  /// Users whose first session came, or whose last one went, while nothing could
  /// be appended.
  std::vector<UserEntry*> unrecorded_;

  call::Time now_{};        // the log's time
  call::Time last_read_{};  // of the clock, as far as now_ has taken it in
  call::Position head_ = 0;
  call::Position first_ = 1;                // the oldest position that the log keeps
  UserEntry* server_ = nullptr;             // the server's own stream
  const call::TenantId* tenant_ = nullptr;  // of the message being decided
  std::function<bool(const call::UserId&)> is_online_;
  std::function<call::KnownRole(const call::UserId&)> known_role_;
  std::function<std::optional<call::RoomName>(const call::UserId&, const call::UserId&)>
      find_ringing_;

  EngineMetrics metrics_;
  LiveCalls live_calls_;
  std::size_t users_online_ = 0;

  std::uint64_t last_batch_ = 0;
  std::size_t last_effects_ = 0;  // in the batch before
  std::size_t last_mail_ = 0;
  std::atomic<std::uint64_t> batch_done_ = 0;
  call::Position marked_ = 0;            // the last checkpoint's position
  call::Position mark_at_ = 0;           // a checkpoint is under way for this position
  std::vector<call::Stream> mark_live_;  // what was live at mark_at_
  std::vector<SnapshotStore::Audience> mark_audiences_;  // likewise
  SealPoint mark_seal_;                                  // likewise
  std::size_t saves_left_ = 0;                           // states to save before it is complete
};

/// Carries a batch out: appends and syncs it, puts it into the mailbox, delivers its
/// effects, keeps its snapshots. Blocks until the batch is durable. On a failure nothing is
/// delivered, and nothing may be committed after it. `metrics`: measured there, if any.
std::expected<void, Failure> commit(Batch batch, EventLog& log, SnapshotStore& snapshots,
                                    Mailbox& mailbox, Delivery& delivery,
                                    EngineMetrics::Committing* metrics = nullptr);

}  // namespace callstate::engine
