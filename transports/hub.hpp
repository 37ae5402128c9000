#pragma once

#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/call/message.hpp"
#include "core/engine/effect.hpp"
#include "core/engine/keyed_hash.hpp"
#include "core/engine/submission.hpp"
#include "transports/codec.hpp"

namespace callstate::transports {

/// A message on its way to any number of sessions of one hub: typed, and
/// serialised once for all who see the same, when the first of them asks for the
/// text. Lives while one effect is carried out; what it is made from must outlive
/// it.
class Outgoing {
 public:
  /// Tokens for media rooms are made by `media`, which may be null.
  explicit Outgoing(const engine::ServerMessage& message, const MediaTokens* media = nullptr);
  explicit Outgoing(const engine::Event& event, const MediaTokens* media = nullptr)
      : event_(&event), media_(media) {}

  /// As the user may see it. Valid while this object lives.
  [[nodiscard]] const engine::ServerMessage& message(std::string_view user);
  /// The same as JSON text, with the user's media token where there is one. Shared
  /// by every session that gets the same text.
  [[nodiscard]] std::shared_ptr<const std::string> text(std::string_view user);

 private:
  [[nodiscard]] Viewer viewer(std::string_view user) const;
  [[nodiscard]] const engine::ServerMessage& whole();

  const engine::Event* event_ = nullptr;            // set when this is an event
  const engine::ServerMessage* message_ = nullptr;  // null until somebody asks
  const MediaTokens* media_ = nullptr;
  std::optional<engine::ServerMessage> made_;      // of a bare event
  std::optional<engine::ServerMessage> redacted_;  // a SIGNAL without its data
  std::shared_ptr<const std::string> for_all_;
  std::shared_ptr<const std::string> for_ends_;  // of a SIGNAL
};

/// What a hub knows of a session: it can be written to and closed, nothing
/// else. Implemented by each transport's session, called only by its hub.
class Outlet {
 public:
  virtual ~Outlet() = default;
  /// The engine has let the session in; before any send.
  virtual void attached() {}
  /// Queues a message, as the session's user sees it. Must not remove any session from the hub: a
  /// session whose queue is full remembers that and closes itself (4410) in `flush`.
  virtual void send(Outgoing& message, std::string_view user) = 0;
  /// What the session missed is to be read and sent before anything that is sent
  /// after this.
  virtual void resume(const engine::Resume& what) = 0;
  /// After the last send of a batch: write what is queued. May remove this
  /// session from the hub.
  virtual void flush() = 0;
  /// The engine did not take what the session submitted. May remove this session
  /// from the hub.
  virtual void on_refused(const engine::Submission& /*submission*/) {}
  /// What is queued is still written, then the session ends. May remove this
  /// session from the hub.
  virtual void close(const engine::Close& close) = 0;
};

/// Knows which sessions of one thread belong to which user and hear which room,
/// and carries released effects out on them. Touched by one thread at a time;
/// has no lock. Sessions are held without owning them: add on opening, remove
/// before the session dies.
class Hub {
 public:
  static constexpr std::size_t all = std::numeric_limits<std::size_t>::max();

  /// `number` is the high part of the ids of this hub's sessions.
  /// Tokens for media rooms are made by `media`, which may be null and outlives it.
  explicit Hub(std::uint16_t number, const MediaTokens* media = nullptr);
  Hub(const Hub&) = delete;
  Hub& operator=(const Hub&) = delete;

  [[nodiscard]] engine::SessionId next_session_id() {
    return engine::make_session_id(number_, ++last_number_);
  }

  /// Knows the session from now on; it hears nothing until its `Attach` arrives.
  void add(engine::SessionId id, Outlet& outlet, const call::TenantId& tenant,
           const call::UserId& user);
  /// Forgets the session and all it heard. Unknown ids are ignored.
  void remove(engine::SessionId id);

  [[nodiscard]] std::size_t size() const { return sessions_.size(); }
  /// The session's outlet; null when it is not known, or no longer.
  [[nodiscard]] Outlet* outlet(engine::SessionId id);
  /// Whether the session is known and is this user's.
  [[nodiscard]] bool belongs_to(engine::SessionId id, const call::TenantId& tenant,
                                const call::UserId& user) const;

  /// Whether any of the effects can concern sessions of hub `number`. Cheap;
  /// any thread.
  [[nodiscard]] static bool concerns(std::uint16_t number,
                                     const std::vector<engine::Effect>& effects);

  /// Carries out one durable batch: every effect that concerns sessions of this
  /// hub, in order. What is sent stays queued until a flush.
  void carry_out(const std::vector<engine::Effect>& effects);
  /// Flushes the sessions that were sent what somebody else did.
  void flush_urgent();
  /// Flushes so many of those that were only told of what they did themselves:
  /// nobody waits for that as for the other side's doings. What is sent to such a
  /// session meanwhile goes out with it, in one write.
  void flush_answered(std::size_t at_most = all);
  [[nodiscard]] bool has_answered() const { return !(answered_.empty() && overdue_.empty()); }
  /// Flushes those that were told of their own doings before the last call of this,
  /// and nothing since.
  void flush_overdue();
  /// Flushes each session written to since the last time.
  void flush();

  /// So many messages of this hub's sessions are with the engine.
  void sent(std::size_t messages) { unhandled_ += messages; }
  /// Messages that are with the engine: a batch that deals with them is to come.
  [[nodiscard]] std::size_t unhandled() const { return unhandled_; }

  /// Closes every session, for draining.
  void close_all(const engine::Close& close);

 private:
  struct Session;
  struct Subscription {
    Session* session = nullptr;
    bool lasting = false;
  };
  // Keys are texts that clients choose: tenant and name, see `Key` in hub.cpp.
  using Users = std::unordered_map<std::string, std::vector<Session*>, engine::KeyedTextHash,
                                   std::equal_to<>>;
  using Rooms = std::unordered_map<std::string, std::vector<Subscription>, engine::KeyedTextHash,
                                   std::equal_to<>>;

  // Linked while it is to be flushed.
  struct Session : boost::intrusive::list_base_hook<
                       boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
    engine::SessionId id = 0;
    Outlet* outlet = nullptr;
    Users::value_type* user = nullptr;
    std::vector<Rooms::value_type*> rooms;
    std::uint64_t reached_by = 0;  // the last event that reached it, see `round_`
    bool attached = false;
    bool inbox = false;   // hears its user's presence
    bool urgent = false;  // in `urgent_`
  };
  using Sessions = boost::intrusive::list<Session, boost::intrusive::constant_time_size<false>>;

  void carry(const engine::Handled& effect);
  void carry(const engine::Reply& effect);
  void carry(const engine::Attach& effect);
  void carry(const engine::Subscribe& effect);
  void carry(const engine::Unsubscribe& effect);
  void carry(const engine::Publish& effect);
  void carry(const engine::Resume& effect);
  void carry(const engine::CloseSession& effect);

  [[nodiscard]] Session* find(engine::SessionId id);
  void subscribe(Session& session, const call::Stream& room, bool lasting);
  void subscribe_user(const call::TenantId& tenant, const call::UserId& user,
                      const call::Stream& room);
  void unsubscribe(Session& session, Rooms::value_type& room);
  void drop_subscriber(Session& session, Rooms::value_type& room);
  void end_call(const call::Stream& room);
  void send(Session& session, Outgoing& message);
  /// It is flushed with the others.
  void touch(Session& session);
  /// So many of them; gives how many it could still have been.
  static std::size_t flush(Sessions& sessions, std::size_t at_most);
  void send_once(Session& session, Outgoing& message);  // in this round
  void send_to_room(const call::Stream& room, Outgoing& message);

  std::uint16_t number_;
  const MediaTokens* media_;
  std::uint64_t last_number_ = 0;
  std::uint64_t round_ = 0;  // counts events, so that none reaches a session twice
  std::unordered_map<engine::SessionId, Session> sessions_;
  Users users_;
  Rooms rooms_;
  // To be flushed: a session is in one of them, or in none.
  Sessions urgent_;
  Sessions answered_;
  Sessions overdue_;                 // those of `answered_` that were there already some time ago
  engine::SessionId answering_ = 0;  // whose message the effects at hand are of
  std::size_t unhandled_ = 0;
};

}  // namespace callstate::transports
