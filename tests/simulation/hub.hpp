#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/engine/effect.hpp"
#include "core/engine/mailbox.hpp"
#include "simulation/timeline.hpp"
#include "simulation/truth.hpp"

namespace callstate::simulation {

/// An event that a client missed while it was away.
struct Missed {
  call::Record record;
};
/// What arrives at a client: a message, or the end of its session.
using Down = std::variant<engine::ServerMessage, Missed, engine::Close>;

/// The simplest hub that does what the effects say, and checks of each of them
/// that it may be told now and says what the log says.
class Hub final : public engine::Delivery {
 public:
  Hub(const support::MemoryLog& log, Truth& truth, Dice& dice)
      : log_(log), truth_(truth), dice_(dice) {}

  struct Peer {
    call::TenantId tenant;
    call::UserId user;
    std::function<void(Down)> send;
  };
  /// A connection has been accepted; its OpenSession is on its way.
  void accept(engine::SessionId session, Peer peer);
  /// The connection is gone.
  void drop(engine::SessionId session) { sessions_.erase(session); }
  /// The process has started with a log of this head; sessions of before are no
  /// more, and what is durable up to `head` is not published again. Who comes back
  /// is sent what it missed by the process's mailbox.
  void restart(call::Position head, const engine::Mailbox& mailbox);

  void deliver(const engine::Effects& effects) override;

 private:
  struct Session {
    Peer peer;
    bool attached = false;
    bool inbox = false;
    std::map<std::string, bool> rooms;  // of the peer's tenant: heard lastingly?
  };

  void check_nothing_skipped(call::Position to);

  static void carry_out(const engine::Handled&) {}
  void carry_out(const engine::Reply& reply);
  void carry_out(const engine::Attach& attach);
  void carry_out(const engine::Subscribe& subscribe);
  void carry_out(const engine::Unsubscribe& unsubscribe);
  void carry_out(const engine::Publish& publish);
  void carry_out(const engine::Resume& resume);
  void carry_out(const engine::CloseSession& close);

  void check(engine::SessionId to, const Session& session, const engine::Event& event);
  void check(engine::SessionId to, const Session& session, const engine::RoomState& state);
  void check(engine::SessionId to, const Session& session, const engine::Ack& ack);
  void check(engine::SessionId to, const Session& session, const engine::Refusal& refusal);
  void check(engine::SessionId to, const Session& session, const engine::AnsweredElsewhere& told);
  // Nobody here has asked.
  void check(engine::SessionId, const Session&, const engine::Presence&) {}
  void check(engine::SessionId, const Session&, const engine::AsOf&) {}
  void publish_to_room(const call::Record& record, const engine::Event& event);
  void publish_to_user(const call::Record& record, const engine::Publish& publish);

  const support::MemoryLog& log_;
  Truth& truth_;
  Dice& dice_;
  const engine::Mailbox* mailbox_ = nullptr;
  std::map<engine::SessionId, Session> sessions_;
  call::Position published_ = 0;  // all applied records up to here have been
  call::Position before_ = 0;     // the head before the present batch
  std::set<call::Position> acknowledged_;
  // Of the present batch: who attached, and for which rooms it should ring and
  // does.
  std::map<engine::SessionId, std::set<std::string>> should_ring_;
  std::map<engine::SessionId, std::set<std::string>> rings_;
};

/// For whom a message of this client's speaks: its ids begin with the tenant
/// and that user, see Client.
call::UserId user_in_id(const call::MessageId& id);
/// Whether the id is that of a JOIN or LEAVE, which are not logged.
bool is_unlogged(const call::MessageId& id);

}  // namespace callstate::simulation
