#include "simulation/world.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "tools/callstate/carry/recheck.hpp"

namespace callstate::simulation {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

// Small limits, so that a short run meets them.
engine::Settings some_settings(Dice& dice, const engine::Sealer& sealer) {
  engine::Settings settings;
  settings.batch_max = dice.one_of(std::vector<std::size_t>{1, 3, 20, 1'024});
  settings.dedup_window = dice.one_of(std::vector<std::size_t>{16, 256, 4'096});
  settings.entries_max = dice.one_of(std::vector<std::size_t>{1, 4, 12, 65'536});
  settings.sessions_per_user_max = dice.one_of(std::vector<std::size_t>{2, 3, 20});
  settings.calls.per_second = dice.chance(0.3) ? 0.1 : 0.0;
  settings.calls.burst = 3;
  settings.checkpoint_every = dice.one_of(std::vector<std::size_t>{1, 10, 60, 100'000});
  settings.mail_segment = dice.one_of(std::vector<std::size_t>{1, 8, 64, 16'384});
  settings.saves_per_batch = dice.one_of(std::vector<std::size_t>{1, 2, 256});
  settings.seals.by = dice.chance(0.8) ? &sealer : nullptr;
  settings.seals.records = dice.one_of(std::vector<std::size_t>{2, 16, 4'096});
  settings.seals.every = dice.between(milliseconds(100), seconds(20));
  return settings;
}

}  // namespace

World::World(std::uint64_t seed)
    : dice_(seed),
      settings_(some_settings(dice_, sealer_)),
      truth_(settings_.dedup_window),
      hub_(log_, truth_, dice_) {}

void World::populate() {
  for (const char* room : {"r1", "r2", "r3", "r4"}) {
    people_.rooms.push_back(call::RoomName::clipped(room));
  }
  // The same names in every tenant: only the tenant tells them apart.
  for (const char* user : {"ann", "bob", "cid", "dee", "eve"}) {
    people_.users.push_back(call::UserId::clipped(user));
  }
  for (const char* tenant : {"t1", "t2"}) {
    const auto add = [&](const call::UserId& user, call::Role role, const std::string& device) {
      call::Sender identity{.tenant = call::TenantId::clipped(tenant),
                            .user = user,
                            .role = role,
                            .device = call::DeviceId::clipped(device),
                            .name = tenant};
      clients_.push_back(std::make_unique<Client>(*this, timeline_, dice_, people_,
                                                  std::move(identity), settings_.dedup_window));
    };
    for (const auto& user : people_.users) {
      const auto role = user.view() == "eve" ? call::Role::portal_customer : call::Role::crm_user;
      for (auto devices = dice_.below(3); devices > 0; --devices) {
        add(user, role, std::string(1, 'd').append(std::to_string(devices)));
      }
    }
    if (dice_.chance(0.3)) {
      services_ = true;
      add(call::UserId::clipped("crm"), call::Role::service, "backend");
    }
    if (dice_.chance(0.2)) {
      add(call::UserId::clipped("aud"), call::Role::auditor, "desk");
    }
  }
}

Tally World::run() {
  populate();
  boot();
  for (auto& client : clients_) {
    timeline_.in(dice_.between(seconds(0), seconds(20)),
                 [this, &client] { client->start(truth_.head()); });
  }
  timeline_.in(dice_.between(seconds(1), seconds(20)), [this] { something_goes_wrong(); });
  timeline_.run_for(dice_.between(minutes(1), minutes(4)));
  quiet_end();
  check_recheck();
  tally_.records = truth_.head();
  for (call::Position position = 1; position <= truth_.head(); ++position) {
    const auto& record = truth_.at(position);
    tally_.calls += record.outcome == call::Outcome::applied &&
                    std::holds_alternative<call::CallStarted>(record.payload);
  }
  tally_.checkpoints = snapshots_.marks();
  return tally_;
}

/// What the engine has decided, the rules decide again.
void World::check_recheck() const {
  const auto found = tools::recheck(log_, {});
  if (!found) throw Violation("the history cannot be decided again: " + found.error().message);
  if (found->good()) return;
  const auto& first = found->differences.front();
  throw Violation("decided again, position " + std::to_string(first.first) + ", " + first.rule +
                  ", is " + first.now + " and was " + first.recorded);
}

// ---- the server ---------------------------------------------------------------

void World::boot() {
  ++tally_.restarts;
  process_ = std::make_unique<Process>(Process::World{.timeline = timeline_,
                                                      .dice = dice_,
                                                      .clock = clock_,
                                                      .log = log_,
                                                      .snapshots = snapshots_,
                                                      .truth = truth_,
                                                      .hub = hub_,
                                                      .settings = settings_,
                                                      .calls_without_sessions = services_},
                                       [] {});
}

void World::crash() {
  process_->crash();
  ended_.push_back(std::move(process_));
  cut_all_wires();
  timeline_.in(dice_.between(milliseconds(10), seconds(dice_.chance(0.1) ? 90 : 3)),
               [this] { boot(); });
}

void World::cut_all_wires() {
  for (auto& [wire, client] : connections_) {
    wire->up = false;
    // What has left the server may still arrive.
    if (dice_.chance(0.5)) wire->down = false;
    timeline_.in(dice_.between(milliseconds(1'000), seconds(dice_.chance(0.2) ? 30 : 2)),
                 [wire = wire, client = client] {
                   wire->down = false;
                   client->lost(wire);
                 });
  }
  connections_.clear();
}

void World::something_goes_wrong() {
  if (!troubled_) return;
  const auto what = dice_.below(10);
  if (what < 5) {
    if (process_) crash();
  } else if (what < 7) {
    log_.set_room(false);
    timeline_.in(dice_.between(milliseconds(100), seconds(20)), [this] { log_.set_room(true); });
  } else {
    clock_.step(dice_.chance(0.1) ? -minutes(24 * 60) : dice_.between(-seconds(40), seconds(15)));
  }
  timeline_.in(dice_.between(milliseconds(100), seconds(30)), [this] { something_goes_wrong(); });
}

// ---- the network --------------------------------------------------------------

call::Duration World::travel_time(const Wire& wire) {
  return wire.slowness + dice_.between(microseconds(100), milliseconds(20));
}

std::shared_ptr<Wire> World::dial(Client& client, const std::optional<call::RoomName>& room) {
  if (!process_ || !process_->started()) return nullptr;
  auto wire = std::make_shared<Wire>();
  wire->session = ++last_session_;
  if (dice_.chance(0.2)) wire->slowness = dice_.between(milliseconds(50), milliseconds(2'000));
  connections_.push_back({wire, &client});
  hub_.accept(wire->session,
              {.tenant = client.identity().tenant,
               .user = client.identity().user,
               .send = [this, wire, &client](Down down) {
                 if (!wire->down) return;
                 wire->last_down = std::max(wire->last_down, timeline_.now() + travel_time(*wire));
                 timeline_.at(wire->last_down, [wire, &client, down = std::move(down)] {
                   if (wire->down) client.receive(wire, down);
                 });
               }});
  send(wire, engine::OpenSession{wire->session, client.identity(), room, client.cursor()});
  return wire;
}

void World::send(const std::shared_ptr<Wire>& wire, engine::Submission submission) {
  wire->last_up = std::max(wire->last_up, timeline_.now() + travel_time(*wire));
  timeline_.at(wire->last_up, [this, wire, submission = std::move(submission)] {
    if (wire->up && process_) process_->submit(submission);
  });
}

void World::hang_up(const std::shared_ptr<Wire>& wire, bool silent) {
  wire->down = false;
  if (!silent) {
    // In order: what was sent before arrives first.
    wire->last_up = std::max(wire->last_up, timeline_.now() + travel_time(*wire));
    return close_later(wire, wire->last_up - timeline_.now());
  }
  if (dice_.chance(0.5)) wire->up = false;
  close_later(wire, dice_.between(seconds(0), seconds(60)) + (wire->last_up - timeline_.now()));
}

void World::close_later(const std::shared_ptr<Wire>& wire, call::Duration delay) {
  timeline_.in(std::max(delay, call::Duration(0)), [this, wire] {
    const auto removed = std::erase_if(
        connections_, [&](const Connection& connection) { return connection.wire == wire; });
    // Unless the process it was connected to is gone.
    if (removed == 0) return;
    wire->up = false;
    hub_.drop(wire->session);
    process_->submit(engine::CloseNotice{wire->session});
  });
}

// ---- the end ------------------------------------------------------------------

void World::quiet_end() {
  troubled_ = false;
  for (auto& client : clients_) client->calm_down();
  // Crashes and full disks end within this; then everybody comes back.
  timeline_.run_for(minutes(10));
  come_to_rest("the server does not come to rest");
  process_->check_states();
  for (auto& client : clients_) client->check_complete(truth_);

  for (auto& client : clients_) client->leave_for_good();
  // A call of users for whom a service alone has spoken ends by its longest time.
  timeline_.run_for(services_ ? minutes(720) : minutes(10));
  check_everything_ended();
  check_clean_restart();
}

// The timers are looked at now and then though nothing is due: the server may
// be at that just now, for as long as a slow commit takes.
void World::come_to_rest(const char* otherwise) {
  for (int tries = 0; tries < 100 && !(process_ && process_->idle()); ++tries) {
    timeline_.run_for(milliseconds(100));
  }
  require(process_ && process_->idle(), otherwise);
}

void World::check_everything_ended() {
  come_to_rest("the server does not come to rest when everyone has gone");
  require(!process_->waits_for_anybody(), "a timer is left when everyone has gone");
  process_->check_states();
  for (const auto& [name, keyed] : truth_.rooms()) {
    if (keyed.now().live()) violated("a call never ends: " + name);
  }
  for (const auto& [name, keyed] : truth_.users()) {
    if (keyed.user.online) violated("a user never goes offline: " + name);
  }
}

void World::check_clean_restart() {
  process_->stop();
  process_.reset();
  require(snapshots_.last_mark().position == truth_.head(), "a stop leaves no checkpoint");
  require(settings_.seals.by == nullptr || truth_.seals().sealed_up_to + 1 == truth_.head(),
          "a stop leaves something that is not sealed");
  support::SeededIds ids;
  engine::Mailbox mailbox(snapshots_);
  engine::Sequencer again(settings_, clock_, ids, log_, snapshots_, mailbox);
  const auto found = again.recover(log_);
  if (!found) violated("recovery after a stop failed: " + found.error().message);
  require(found->replayed == 0, "a restart after a stop replays");
  check_equals_truth(again, snapshots_, truth_);
}

}  // namespace callstate::simulation
