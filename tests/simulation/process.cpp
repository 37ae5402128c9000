#include "simulation/process.hpp"

#include <map>
#include <string>
#include <utility>

namespace callstate::simulation {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

// Whoever asks what concerns whom is told the same.
void check_same_mail(const engine::Mailbox& kept, const engine::Mailbox& replayed,
                     const Truth& truth) {
  require(kept.head() == replayed.head(), "the mailbox does not follow the log");
  const auto compare = [&](auto address_of) {
    const auto all = [&](const engine::Mailbox& mailbox) {
      return mailbox.find(std::vector{address_of(mailbox)}, 0, mailbox.head());
    };
    require(all(kept) == all(replayed), "the mailbox is not what a replay gives");
  };
  for (const auto& [name, keyed] : truth.users()) {
    const auto& [kind, tenant, user] = keyed.stream;
    compare([&](const engine::Mailbox& mailbox) { return mailbox.calls(tenant, user); });
    compare([&](const engine::Mailbox& mailbox) { return mailbox.own(tenant, user); });
  }
  for (const auto& [name, keyed] : truth.rooms()) {
    const auto room = call::RoomName::clipped(keyed.stream.name.view());
    compare(
        [&](const engine::Mailbox& mailbox) { return mailbox.room(keyed.stream.tenant, room); });
  }
}

// A recovery on the side, as it would be with the checkpoints deleted.
void check_replay_without_snapshots(const Process::World& world, const engine::Mailbox& kept) {
  support::SeededIds ids;
  support::MemorySnapshots none;
  engine::Mailbox mailbox(none);
  engine::Sequencer replayed(world.settings, world.clock, ids, world.log, none, mailbox);
  if (const auto found = replayed.recover(world.log); !found) {
    violated("a replay of the whole log failed: " + found.error().message);
  }
  check_equals_truth(replayed, none, world.truth);
  check_same_mail(kept, mailbox, world.truth);
}

}  // namespace

void check_equals_truth(engine::Sequencer& sequencer, support::MemorySnapshots& snapshots,
                        const Truth& truth) {
  std::map<std::string, const call::Room*> rooms;
  std::map<std::string, const call::User*> users;
  sequencer.states().for_each_room(
      [&](const engine::RoomEntry& entry) { rooms[name_of(entry.stream)] = &entry.room; });
  sequencer.states().for_each_user(
      [&](const engine::UserEntry& entry) { users[name_of(entry.stream)] = &entry.user; });
  for (const auto& [name, keyed] : truth.rooms()) {
    const auto found = rooms.find(name);
    const auto state = found != rooms.end()
                           ? *found->second
                           : snapshots.find_room(keyed.stream).value_or(call::Room{});
    if (state != keyed.now()) {
      violated("room " + name + " is not what a replay gives" +
               (found == rooms.end() ? ", in its snapshot" : ""));
    }
    if (keyed.now().live() && found == rooms.end()) violated("a live room is not in memory");
  }
  for (const auto& [name, keyed] : truth.users()) {
    const auto found = users.find(name);
    const auto state = found != users.end()
                           ? *found->second
                           : snapshots.find_user(keyed.stream).value_or(call::User{});
    if (state != keyed.user) {
      violated("user " + name + " is not what a replay gives" +
               (found == users.end() ? ", in its snapshot" : ""));
    }
  }
}

Process::Process(const World& world, std::function<void()> started)
    : world_(world),
      on_started_(std::move(started)),
      ids_(world.dice.bits()),
      mailbox_(world.snapshots) {
  world_.truth.follow(world_.log);
  sequencer_ = std::make_unique<engine::Sequencer>(world_.settings, world_.clock, ids_, world_.log,
                                                   world_.snapshots, mailbox_);
  const auto found = sequencer_->recover(world_.log);
  if (!found) violated("recovery failed: " + found.error().message);
  require(found->head == world_.truth.head(), "recovery found another head");
  check_equals_truth(*sequencer_, world_.snapshots, world_.truth);
  check_replay_without_snapshots(world_, mailbox_);
  // Including SERVER_STARTED, which is nobody's event.
  world_.hub.restart(found->head, mailbox_);
  commit_later(sequencer_->start());
}

void Process::later(call::Duration delay, void (Process::*what)()) {
  world_.timeline.in(delay, [this, what, alive = alive_] {
    if (*alive) (this->*what)();
  });
}

void Process::commit_later(engine::Batch batch) {
  committing_ = std::move(batch);
  Dice& dice = world_.dice;
  const bool slow = dice.chance(0.02);
  later(slow ? dice.between(milliseconds(50), milliseconds(3'000))
             : dice.between(microseconds(50), microseconds(5'000)),
        &Process::committed);
}

void Process::committed() {
  const auto number = committing_->number;
  auto batch = std::move(*committing_);
  committing_.reset();
  if (const auto done =
          engine::commit(std::move(batch), world_.log, world_.snapshots, mailbox_, world_.hub);
      !done) {
    violated("a commit failed: " + done.error().message);
  }
  // SERVER_STARTED comes without effects.
  world_.truth.follow(world_.log);
  sequencer_->done(number);
  if (!started_) {
    started_ = true;
    on_started_();
  }
  work();
  if (idle() && world_.dice.chance(0.05)) check_states();
}

void Process::submit(engine::Submission submission) {
  inbox_.push_back(std::move(submission));
  later(world_.dice.between(microseconds(1), microseconds(300)), &Process::work);
}

void Process::work() {
  if (!started_) return;
  const auto deadline = sequencer_->next_deadline();
  const bool due = deadline && *deadline <= world_.clock.now();
  if (!inbox_.empty() || due) decide();
  if (open_ && !committing_) {
    sequencer_->finish(*open_);
    commit_later(std::move(*open_));
    open_.reset();
  }
  wake_later();
}

void Process::decide() {
  if (!open_) open_ = sequencer_->begin();
  const auto before = sequencer_->head();
  sequencer_->decide_due(*open_);
  while (!inbox_.empty() && !sequencer_->full(*open_)) {
    sequencer_->decide(inbox_.front(), *open_);
    inbox_.pop_front();
  }
  require(world_.log.has_room() || sequencer_->head() == before,
          "something was appended to a full disk");
}

void Process::wake_later() {
  const auto deadline = sequencer_->next_deadline();
  if (!deadline) return;
  const auto now = world_.timeline.now();
  const auto at = now + std::max(*deadline - world_.clock.now(), call::Duration(milliseconds(1)));
  if (woken_at_ && *woken_at_ > now && *woken_at_ <= at) return;
  woken_at_ = at;
  later(at - now, &Process::look);
}

// Whether or not the deadline has passed by a clock that may have stepped.
void Process::look() {
  if (started_) decide();
  work();
}

void Process::crash() {
  *alive_ = false;
  if (committing_ && world_.dice.chance(0.5)) {
    using Fault = support::MemoryLog::Fault;
    world_.log.fail_commit(1, world_.dice.chance(0.5) ? Fault::durable : Fault::lost);
    require(!engine::commit(std::move(*committing_), world_.log, world_.snapshots, mailbox_,
                            world_.hub),
            "a failed commit was taken for a good one");
  }
  world_.log.crash();
  world_.snapshots.crash([this] { return world_.dice.chance(0.5); });
}

void Process::stop() {
  require(idle(), "the simulation stops a process that is busy");
  *alive_ = false;
  auto last = sequencer_->begin();
  sequencer_->finish(last, true);
  if (!engine::commit(std::move(last), world_.log, world_.snapshots, mailbox_, world_.hub)) {
    violated("the last commit failed");
  }
  world_.truth.follow(world_.log);
  world_.log.crash();
  world_.snapshots.flush();
}

void Process::check_states() const {
  check_equals_truth(*sequencer_, world_.snapshots, world_.truth);
  check_timers();
  check_counts();
  check_presence();
}

// What is counted as it changes is what one would find by looking.
void Process::check_counts() const {
  engine::LiveCalls live;
  std::size_t online = 0;
  sequencer_->states().for_each_room([&](const engine::RoomEntry& entry) {
    live.change(call::CallState::idle, entry.room.state);
  });
  sequencer_->states().for_each_user(
      [&](const engine::UserEntry& entry) { online += entry.user.online ? 1 : 0; });
  if (live != sequencer_->live_calls()) violated("calls that live are counted wrongly");
  if (online != sequencer_->users_online()) violated("users online are counted wrongly");
}

void Process::check_timers() const {
  sequencer_->states().for_each_room([&](const engine::RoomEntry& entry) {
    if (entry.deadline != call::next_deadline(entry.room))
      violated("a room's timer is not its deadline");
  });
}

bool Process::waits_for_anybody() const {
  bool waits = false;
  const auto look = [&](const engine::Entry& entry) { waits = waits || entry.deadline; };
  sequencer_->states().for_each_room(look);
  sequencer_->states().for_each_user(look);
  return waits;
}

// Nobody with a session counts as gone, and nobody without one as there for
// longer than the grace.
void Process::check_presence() const {
  // What went unrecorded while the disk was full is due as soon as it is not.
  const bool caught_up = world_.log.has_room() && sequencer_->next_deadline().value_or(
                                                      call::Time::max()) > world_.clock.now();
  if (!caught_up) return;
  sequencer_->states().for_each_user([&](const engine::UserEntry& entry) {
    const bool there = !entry.sessions.empty();
    if (there && !entry.user.online) violated("a user with a session is offline");
    if (!there && entry.user.online && !entry.deadline)
      violated("a user without sessions stays online");
    for (const auto* room : entry.rooms) {
      const auto* self = room->room.find(entry.stream.name);
      if (!room->room.live() || self == nullptr)
        violated("a user is in the list of another's call");
      using enum call::ParticipantState;
      if (there && self->state == disconnected) violated("who has come back counts as gone");
      if (!there && !world_.calls_without_sessions &&
          (self->state == joined || self->state == ringing)) {
        violated("who has gone counts as there");
      }
    }
  });
}

}  // namespace callstate::simulation
