#include "storage/golden_log.hpp"

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include "core/engine/sequencer.hpp"
#include "storage/record_text.hpp"
#include "support/memory_log.hpp"
#include "support/memory_snapshots.hpp"
#include "support/stand_ins.hpp"

namespace callstate::storage::testing {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

/// A sequencer over the store, told one thing after the other.
class Teller {
 public:
  /// `messages`: the number of the last message before, as ids are used once.
  Teller(Store& store, support::ManualClock& clock, support::SeededIds& ids, int messages = 0)
      : store_(store),
        clock_(clock),
        messages_(messages),
        sequencer_(settings(), clock, ids, store.log(), snapshots_, mailbox_) {
    if (auto found = sequencer_.recover(store.reader()); !found) {
      throw std::runtime_error(found.error().message);
    }
    commit(sequencer_.start());
  }

  void comes(engine::SessionId session, const char* user, const char* device = "phone") {
    call::Sender sender{tenant(), call::UserId::clipped(user), call::Role::crm_user,
                        call::DeviceId::clipped(device), std::string("The ").append(user)};
    submit(engine::OpenSession{session, std::move(sender), std::nullopt});
  }
  void goes(engine::SessionId session) { submit(engine::CloseNotice{session}); }
  void says(engine::SessionId session, const char* room, call::MessageBody body) {
    call::Message message;
    message.room = call::RoomName::clipped(room);
    message.id = call::MessageId::clipped(std::to_string(++messages_));
    message.body = std::move(body);
    clock_.advance(seconds(1));
    submit(engine::Send{session, std::move(message)});
  }
  void calls(engine::SessionId session, const char* room, std::vector<const char*> callees) {
    call::StartCall start;
    for (const char* callee : callees) start.callees.push_back(call::UserId::clipped(callee));
    start.metadata = R"({"subject":"café"})";
    says(session, room, std::move(start));
  }
  void passes(call::Duration time) {
    clock_.advance(time);
    engine::Batch batch = sequencer_.begin();
    sequencer_.decide_due(batch);
    sequencer_.finish(batch);
    commit(std::move(batch));
  }

 private:
  static call::TenantId tenant() { return call::TenantId::clipped("acme"); }
  static engine::Settings settings() {
    engine::Settings made;
    made.version = "golden";
    return made;
  }
  void submit(engine::Submission submission) {
    engine::Batch batch = sequencer_.begin();
    sequencer_.decide(submission, batch);
    sequencer_.finish(batch);
    commit(std::move(batch));
  }
  void commit(engine::Batch batch) {
    const auto number = batch.number;
    auto written = engine::commit(std::move(batch), store_.log(), snapshots_, mailbox_, delivery_);
    if (!written) throw std::runtime_error(written.error().message);
    sequencer_.done(number);
  }

  Store& store_;
  support::ManualClock& clock_;
  support::MemorySnapshots snapshots_;
  engine::Mailbox mailbox_{snapshots_};
  support::RecordingDelivery delivery_;
  int messages_;
  engine::Sequencer sequencer_;
};

std::string shown(call::Time time) {
  return std::to_string(time.time_since_epoch().count());
}

std::string line_of(const engine::RoomEntry& entry) {
  const call::Room& room = entry.room;
  std::ostringstream out;
  out << "room " << entry.stream.name.view() << " seq=" << room.seq
      << " chain=" << to_hex(room.chain) << ' ' << name_of(room.state)
      << " end=" << name_of(room.end_reason) << " call=" << call::to_string(room.call)
      << " group=" << room.group << " names=" << room.caller_name << '/' << room.callee_name
      << " metadata=" << room.metadata << " started=" << room.started_position << '/'
      << room.started_seq << '/' << shown(room.started_at)
      << " answered=" << shown(room.answered_at) << " ended=" << shown(room.ended_at)
      << " rings=" << shown(room.ring_deadline) << " longest=" << shown(room.max_deadline);
  // What releases before it did not have is not in their lines.
  if (!room.media_room.empty()) out << " media=" << room.media_room;
  for (const auto& participant : room.participants) {
    out << " | " << participant.user.view() << ' ' << name_of(participant.role) << ' '
        << name_of(participant.state) << ' ' << name_of(participant.before_disconnect)
        << " grace=" << shown(participant.grace_deadline)
        << " rings=" << shown(participant.ring_deadline)
        << " invited=" << participant.invited_position << '/' << participant.invited_seq << '/'
        << shown(participant.invited_at) << '/' << int{participant.invited_by}
        << " answered=" << participant.answered_on.view() << " rang=";
    for (const auto& device : participant.rang_on) out << device.view() << ',';
  }
  return out.str();
}

std::string line_of(const engine::UserEntry& entry) {
  const call::User& user = entry.user;
  std::ostringstream out;
  out << "user " << entry.stream.tenant.view() << '/' << entry.stream.name.view()
      << " seq=" << user.seq << " chain=" << to_hex(user.chain) << " online=" << user.online
      << " offline=" << shown(user.offline_deadline);
  if (user.revoked_before != call::Time()) out << " revoked=" << shown(user.revoked_before);
  return out.str();
}

}  // namespace

void play_golden_story(Store& store) {
  support::ManualClock clock;
  support::SeededIds ids;
  {
    Teller teller(store, clock, ids);
    teller.comes(1, "ann", "laptop");
    teller.comes(2, "bob");
    teller.comes(3, "bob", "tablet");
    teller.comes(4, "cid");
    teller.calls(1, "answered", {"bob"});
    teller.says(2, "answered", call::Ring{});
    teller.says(3, "answered", call::Ring{});
    teller.says(3, "answered", call::Ring{});
    teller.says(2, "answered", call::Accept{});
    teller.says(3, "answered", call::Accept{});
    call::Signal signal;
    signal.to = call::UserId::clipped("ann");
    signal.data = R"({"sdp":"v=0"})";
    teller.says(2, "answered", std::move(signal));
    teller.says(1, "answered", call::End{"bye"});
    teller.says(2, "answered", call::End{});
    teller.calls(4, "declined", {"ann"});
    teller.calls(1, "glare", {"cid"});
    teller.says(1, "declined", call::Reject{"busy"});
    teller.calls(1, "cancelled", {"zoe"});
    teller.says(1, "cancelled", call::End{});
    teller.calls(1, "missed", {"zoe"});
    teller.passes(seconds(60));
    teller.calls(1, "group", {"bob", "zoe"});
    teller.says(2, "group", call::Accept{});
    teller.says(2, "group", call::Invite{{call::UserId::clipped("cid")}});
    teller.says(4, "group", call::Ring{});
    teller.calls(4, "strange", {"dan"});
    teller.says(2, "strange", call::Accept{});
    teller.goes(4);
  }
  clock.advance(seconds(5));
  Teller teller(store, clock, ids, 100);  // after a kill
  teller.comes(1, "ann", "laptop");
  teller.comes(2, "bob");
  teller.passes(seconds(35));
  teller.comes(5, "dan");
  teller.calls(5, "answered", {"bob"});
  teller.says(2, "answered", call::Accept{});
  teller.passes(hours(4));
  teller.says(1, "group", call::End{});
  teller.calls(1, "at-the-end", {"bob", "dan"});
  teller.says(2, "at-the-end", call::Ring{});
  teller.goes(5);
}

std::vector<std::string> replayed_states(const engine::LogReader& reader) {
  const support::ManualClock clock;
  support::SeededIds ids;
  support::MemoryLog unused;
  support::MemorySnapshots none;
  engine::Mailbox mailbox(none);
  engine::Sequencer sequencer(engine::Settings(), clock, ids, unused, none, mailbox);
  if (auto found = sequencer.recover(reader); !found) {
    throw std::runtime_error(found.error().message);
  }
  std::vector<std::string> lines;
  auto& states = sequencer.states();
  states.for_each_room([&](engine::RoomEntry& entry) { lines.push_back(line_of(entry)); });
  states.for_each_user([&](engine::UserEntry& entry) { lines.push_back(line_of(entry)); });
  std::ranges::sort(lines);
  return lines;
}

}  // namespace callstate::storage::testing
