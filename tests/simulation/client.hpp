#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/engine/submission.hpp"
#include "simulation/hub.hpp"
#include "simulation/timeline.hpp"

namespace callstate::simulation {

class Client;

/// One connection: what is sent arrives in order, after a while, or not at all.
struct Wire {
  engine::SessionId session = 0;
  bool up = true;    // what the client has sent still arrives
  bool down = true;  // what the server has sent still arrives
  call::Time last_up{};
  call::Time last_down{};
  call::Duration slowness{};
};

/// What a client has of the world.
class Network {
 public:
  virtual ~Network() = default;
  /// A connection to the server; null when nobody answers.
  virtual std::shared_ptr<Wire> dial(Client& client, const std::optional<call::RoomName>& room) = 0;
  virtual void send(const std::shared_ptr<Wire>& wire, engine::Submission submission) = 0;
  /// `silent`: the server finds out later.
  virtual void hang_up(const std::shared_ptr<Wire>& wire, bool silent) = 0;
};

/// One device of a user: does what clients do, sensible or not, repeats what was
/// not answered, comes back with its cursor, and checks what it is told.
class Client {
 public:
  struct People {
    std::vector<call::UserId> users;
    std::vector<call::RoomName> rooms;
  };
  Client(Network& network, Timeline& timeline, Dice& dice, const People& people,
         call::Sender identity, std::size_t dedup_window);

  /// Begins to act, from `cursor` on.
  void start(call::Position cursor);
  /// No more new messages; it stays connected and goes on asking for answers.
  void calm_down() { calm_ = true; }
  void leave_for_good();

  [[nodiscard]] const call::Sender& identity() const { return identity_; }
  [[nodiscard]] call::Position cursor() const { return cursor_; }
  [[nodiscard]] bool connected() const { return wire_ != nullptr; }

  // From the network.
  void receive(const std::shared_ptr<Wire>& wire, const Down& down);
  void lost(const std::shared_ptr<Wire>& wire);

  /// After everything has settled: what was sent is answered, nothing that
  /// concerned the user was missed.
  void check_complete(const Truth& truth) const;

 private:
  [[nodiscard]] bool customer() const { return identity_.role == call::Role::portal_customer; }
  struct Answer {
    call::Position position = 0;
    call::Seq seq = 0;
    call::Outcome outcome = call::Outcome::applied;
  };

  void think();
  void think_later();
  void connect();
  void connect_later();
  void act();
  void answer_a_ring();
  void say_something_in_a_call();
  void start_a_call();
  void send_nonsense();
  void repeat_something();
  void join_or_leave();
  void say(const call::RoomName& room, call::MessageBody body);
  [[nodiscard]] call::MessageId new_id(bool unlogged = false);
  [[nodiscard]] call::UserId other_user();
  [[nodiscard]] std::vector<call::UserId> some_users();

  void told(const Missed& missed);
  void told(const engine::Close& close);
  void told(const engine::ServerMessage& message);
  void told(const engine::Event& event);
  void told(const engine::RoomState& state);
  void told(const engine::Ack& ack);
  void told(const engine::Refusal& refusal);
  void told(const engine::AnsweredElsewhere&) {}
  void told(const engine::Presence&) {}
  void told(const engine::AsOf&) {}
  void take(const call::Record& record);
  void answered(const call::MessageId& id);

  Network& network_;
  Timeline& timeline_;
  Dice& dice_;
  const People& people_;
  const call::Sender identity_;
  const std::size_t dedup_window_;

  std::shared_ptr<Wire> wire_;
  bool calm_ = false;
  bool gone_ = false;
  bool room_allowed_ = true;
  call::Position first_cursor_ = 0;
  call::Position cursor_ = 0;
  std::set<call::Position> received_;   // room events
  std::map<std::string, bool> calls_;   // rooms with a call of the user's: does it ring for it?
  std::vector<call::Message> pending_;  // not answered yet
  std::vector<call::Message> sent_;     // some of those before
  std::map<call::MessageId, Answer> answers_;
  std::size_t last_id_ = 0;
  std::set<std::string> ever_left_;  // by LEAVE: what follows is missed on purpose

  // Of the present session.
  std::map<std::string, call::Seq> seqs_;  // of the rooms heard
  std::set<std::string> joined_;           // heard until LEAVE
  std::map<call::MessageId, std::string> joining_;
  std::set<std::string> left_;
};

}  // namespace callstate::simulation
