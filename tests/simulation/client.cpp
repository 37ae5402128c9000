#include "simulation/client.hpp"

#include <algorithm>
#include <utility>

namespace callstate::simulation {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t sent_remembered_max = 20;

call::RoomName room_name(const std::string& name) {
  return call::RoomName::clipped(name);
}

}  // namespace

Client::Client(Network& network, Timeline& timeline, Dice& dice, const People& people,
               call::Sender identity, std::size_t dedup_window)
    : network_(network),
      timeline_(timeline),
      dice_(dice),
      people_(people),
      identity_(std::move(identity)),
      dedup_window_(dedup_window) {}

// ---- coming and going ---------------------------------------------------------

void Client::start(call::Position cursor) {
  first_cursor_ = cursor_ = cursor;
  connect();
  think_later();
}

void Client::connect() {
  if (wire_ || gone_) return;
  std::optional<call::RoomName> room;
  if (!calm_ && room_allowed_ && dice_.chance(0.3)) room = dice_.one_of(people_.rooms);
  seqs_.clear();
  joined_.clear();
  joining_.clear();
  left_.clear();
  wire_ = network_.dial(*this, room);
  if (!wire_) return connect_later();
  // A customer hears calls, not rooms.
  if (room && !customer()) joined_.insert(std::string(room->view()));
  // What was not answered may have been done or not: the ids make it safe.
  for (const auto& message : pending_) network_.send(wire_, engine::Send{wire_->session, message});
}

void Client::connect_later() {
  timeline_.in(dice_.between(milliseconds(50), seconds(dice_.chance(0.2) ? 60 : 5)),
               [this] { connect(); });
}

void Client::lost(const std::shared_ptr<Wire>& wire) {
  if (wire_ != wire) return;
  wire_.reset();
  connect_later();
}

void Client::leave_for_good() {
  gone_ = true;
  if (wire_) network_.hang_up(wire_, dice_.chance(0.5));
  wire_.reset();
}

// ---- what it says -------------------------------------------------------------

void Client::think_later() {
  timeline_.in(dice_.between(milliseconds(10), seconds(5)), [this] { think(); });
}

void Client::think() {
  if (gone_) return;
  if (wire_ && !calm_) act();
  // A lost answer is asked for again.
  if (wire_ && !pending_.empty() && dice_.chance(calm_ ? 0.5 : 0.1)) {
    network_.send(wire_, engine::Send{wire_->session, pending_.front()});
  }
  think_later();
}

void Client::act() {
  const auto what = dice_.below(100);
  if (what < 35) return answer_a_ring();
  if (what < 55) return say_something_in_a_call();
  if (what < 70) return start_a_call();
  if (what < 78) return send_nonsense();
  if (what < 86) return repeat_something();
  if (what < 92) return join_or_leave();
  network_.hang_up(wire_, dice_.chance(0.5));
  wire_.reset();
  connect_later();
}

void Client::answer_a_ring() {
  for (const auto& [room, rings] : calls_) {
    if (!rings) continue;
    const auto what = dice_.below(10);
    if (what < 3) return say(room_name(room), call::Ring{});
    if (what < 7) return say(room_name(room), call::Accept{});
    if (what < 8) return say(room_name(room), call::Reject{"busy"});
  }
}

void Client::say_something_in_a_call() {
  if (calls_.empty()) return;
  const auto& [room, rings] =
      *std::next(calls_.begin(), static_cast<std::ptrdiff_t>(dice_.below(calls_.size())));
  const auto what = dice_.below(10);
  if (what < 5) return say(room_name(room), call::Signal{other_user(), R"({"sdp":1})"});
  if (what < 7) return say(room_name(room), call::Invite{some_users()});
  say(room_name(room), call::End{"bye"});
}

void Client::start_a_call() {
  call::StartCall start;
  start.callees = dice_.chance(0.7) ? std::vector{other_user()} : some_users();
  say(dice_.one_of(people_.rooms), std::move(start));
}

void Client::send_nonsense() {
  const auto& room = dice_.one_of(people_.rooms);
  switch (dice_.below(7)) {
    case 0:
      return say(room, call::Ring{});
    case 1:
      return say(room, call::Accept{});
    case 2:
      return say(room, call::Reject{});
    case 3:
      return say(room, call::End{});
    case 4:
      return say(room, call::Invite{some_users()});
    case 5:
      return say(room, call::Signal{identity_.user, "{}"});
    default:
      return say(
          room,
          call::StartCall{
              .callees = {identity_.user}, .caller_name = {}, .callee_name = {}, .metadata = {}});
  }
}

void Client::repeat_something() {
  if (sent_.empty()) return;
  call::Message again = dice_.one_of(sent_);
  // The id decides, not the content.
  if (dice_.chance(0.2)) again.body = call::End{"changed"};
  network_.send(wire_, engine::Send{wire_->session, std::move(again)});
}

void Client::join_or_leave() {
  const auto& room = dice_.one_of(people_.rooms);
  const std::string name(room.view());
  const auto id = new_id(true);
  if (dice_.chance(0.7)) {
    joining_[id] = name;
    network_.send(wire_, engine::Join{wire_->session, room, id});
  } else {
    left_.insert(name);
    ever_left_.insert(name);
    network_.send(wire_, engine::Leave{wire_->session, room, id});
  }
}

void Client::say(const call::RoomName& room, call::MessageBody body) {
  call::Message message{.room = room, .id = {}, .sender = {}, .body = std::move(body)};
  if (identity_.role == call::Role::service || dice_.chance(0.03)) {
    message.sender = dice_.one_of(people_.users);
  } else if (dice_.chance(0.2)) {
    message.sender = identity_.user;
  }
  if (dice_.chance(0.85)) {
    message.id = new_id();
    if (identity_.role == call::Role::service) {
      message.id = call::MessageId::clipped(
          std::string(identity_.tenant.view()) + ":" + std::string(message.sender->view()) + ":" +
          std::string(identity_.device.view()) + "#" + std::to_string(last_id_));
    }
    pending_.push_back(message);
    sent_.push_back(message);
    if (sent_.size() > sent_remembered_max) sent_.erase(sent_.begin());
  }
  network_.send(wire_, engine::Send{wire_->session, std::move(message)});
}

call::MessageId Client::new_id(bool unlogged) {
  return call::MessageId::clipped(std::string(identity_.tenant.view()) + ":" +
                                  std::string(identity_.user.view()) + ":" + (unlogged ? "~" : "") +
                                  std::string(identity_.device.view()) + "#" +
                                  std::to_string(++last_id_));
}

call::UserId Client::other_user() {
  while (true) {
    const auto& user = dice_.one_of(people_.users);
    if (user != identity_.user) return user;
  }
}

std::vector<call::UserId> Client::some_users() {
  std::vector<call::UserId> users;
  for (auto count = 1 + dice_.below(3); count > 0; --count) {
    const auto user = other_user();
    if (std::ranges::find(users, user) == users.end()) users.push_back(user);
  }
  return users;
}

// ---- what it is told ----------------------------------------------------------

void Client::receive(const std::shared_ptr<Wire>& wire, const Down& down) {
  if (wire_ != wire) return;
  std::visit([&](const auto& what) { told(what); }, down);
}

void Client::told(const engine::ServerMessage& message) {
  std::visit([&](const auto& what) { told(what); }, message);
}

void Client::told(const engine::Close& close) {
  constexpr std::uint16_t forbidden = 4403;
  if (close.code == forbidden) room_allowed_ = false;
  wire_.reset();
  connect_later();
}

void Client::told(const Missed& missed) {
  take(missed.record);
}

// Each event once, in the order of the log, and none that is another's.
void Client::take(const call::Record& record) {
  require(record.stream.tenant == identity_.tenant, "an event reached another tenant");
  require(record.position > cursor_, "an event came twice or out of order");
  cursor_ = record.position;
  if (record.stream.kind != call::StreamKind::room) return;
  received_.insert(record.position);
  const std::string room(record.stream.name.view());
  const auto invites = [&](const std::vector<call::UserId>& users) {
    if (std::ranges::find(users, identity_.user) != users.end()) calls_[room] = true;
  };
  if (const auto* started = std::get_if<call::CallStarted>(&record.payload)) {
    require(
        started->caller_name.empty() || started->caller_name.starts_with(identity_.tenant.view()),
        "a name reached another tenant");
    invites(started->callees);
    if (started->caller == identity_.user) calls_[room] = false;
  } else if (const auto* invited = std::get_if<call::Invited>(&record.payload)) {
    invites(invited->callees);
  } else if (std::holds_alternative<call::Accepted>(record.payload)) {
    if (record.actor.user == identity_.user) calls_[room] = false;
  } else if (std::holds_alternative<call::Ended>(record.payload)) {
    calls_.erase(room);
  }
}

void Client::told(const engine::Event& event) {
  const call::Record& record = event.record;
  const bool invites = std::holds_alternative<call::CallStarted>(record.payload) ||
                       std::holds_alternative<call::Invited>(record.payload);
  if (invites && record.position <= cursor_) {
    // The invitation again, for a session that came while it rings.
    received_.insert(record.position);
    calls_[std::string(record.stream.name.view())] = true;
    return;
  }
  take(record);
  if (record.stream.kind != call::StreamKind::room) return;
  const std::string room(record.stream.name.view());
  if (left_.contains(room)) return;
  const auto [seq, fresh] = seqs_.try_emplace(room, record.seq);
  require(fresh || record.seq == seq->second + 1, "a session misses an event of a room it hears");
  seq->second = record.seq;
  if (std::holds_alternative<call::Ended>(record.payload) && !joined_.contains(room)) {
    seqs_.erase(seq);
  }
}

void Client::told(const engine::RoomState& state) {
  const std::string room(state.name.view());
  if (left_.contains(room) || (customer() && !state.room.live())) return;
  const auto [seq, fresh] = seqs_.try_emplace(room, state.room.seq);
  require(fresh || seq->second == state.room.seq, "a ROOM_STATE does not fit what came before");
}

void Client::told(const engine::Ack& ack) {
  if (const auto joining = joining_.find(ack.id); joining != joining_.end()) {
    if (!customer()) joined_.insert(joining->second);
    joining_.erase(joining);
    return;
  }
  if (is_unlogged(ack.id)) return;
  answered(ack.id);
  const Answer answer{ack.position, ack.seq, ack.outcome};
  const auto [before, fresh] = answers_.try_emplace(ack.id, answer);
  if (fresh) return;
  const bool forgotten = ack.position > before->second.position + dedup_window_;
  require(
      forgotten || (before->second.position == answer.position &&
                    before->second.seq == answer.seq && before->second.outcome == answer.outcome),
      "a repeated message got another ACK");
  require(forgotten || ack.duplicate, "a repeated message's ACK is not marked");
  before->second = answer;
}

void Client::told(const engine::Refusal& refusal) {
  const bool later = refusal.error.code == call::ErrorCode::storage_unavailable ||
                     refusal.error.code == call::ErrorCode::rate_limited;
  if (!later || dice_.chance(0.3)) answered(refusal.id);
}

void Client::answered(const call::MessageId& id) {
  std::erase_if(pending_, [&](const call::Message& message) { return message.id == id; });
}

void Client::check_complete(const Truth& truth) const {
  require(wire_ != nullptr, "a client cannot connect");
  require(pending_.empty(), "a message was never answered");
  for (const auto position :
       truth.mailbox(identity_.tenant, identity_.user, first_cursor_, truth.head())) {
    if (received_.contains(position)) continue;
    const call::Record& record = truth.at(position);
    if (ever_left_.contains(std::string(record.stream.name.view()))) continue;
    violated("an event was missed: " + std::string(call::type_of(record.payload)) +
             " at position " + std::to_string(position) + " of " + name_of(record.stream));
  }
}

}  // namespace callstate::simulation
