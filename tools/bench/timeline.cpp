#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/engine/system.hpp"
#include "projections/follower.hpp"
#include "projections/history_projection.hpp"
#include "storage/call_index.hpp"
#include "storage/store.hpp"
#include "tools/bench/figure.hpp"

namespace callstate::bench {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr std::size_t events_a_call = 4;
constexpr std::size_t rooms = 10'000;
constexpr std::size_t calls_a_batch = 1'024;
constexpr std::size_t asked = 21;

call::UserId user(std::string_view kind, std::size_t room) {
  return call::UserId::clipped(std::string(kind) + std::to_string(room));
}

/// One room after the other has a call, over and over, each of four events, and the
/// events of as many calls as a batch holds are among each other.
class Calls {
 public:
  explicit Calls(storage::Store& store) : store_(store), chains_(rooms), seqs_(rooms) {}

  /// Ids of calls, each of so many.
  std::vector<std::string> write(std::size_t calls) {
    std::vector<std::string> some;
    const std::size_t apart = std::max<std::size_t>(calls / asked, 1);
    for (std::size_t first = 0; first < calls; first += calls_a_batch) {
      const std::size_t count = std::min(calls_a_batch, calls - first);
      std::vector<call::CallId> ids(count);
      for (auto& id : ids) id = ids_.next_call(now_);
      for (std::size_t i = 0; i < count; ++i) {
        if ((first + i) % apart == apart / 2) some.push_back(call::to_string(ids[i]));
      }
      auto batch = store_.log().begin();
      for (std::size_t step = 0; step < events_a_call; ++step) {
        for (std::size_t i = 0; i < count; ++i) add(*batch, (first + i) % rooms, ids[i], step);
      }
      if (auto done = store_.log().commit(std::move(batch)); !done) {
        throw std::runtime_error(done.error().message);
      }
    }
    return some;
  }

 private:
  void add(engine::LogBatch& batch, std::size_t room, const call::CallId& id, std::size_t step) {
    now_ += 10us;
    call::Record record;
    record.stream = {call::StreamKind::room, call::TenantId::clipped("acme"), user("room", room)};
    record.seq = ++seqs_[room];
    record.at = now_;
    record.call = id;
    record.previous = chains_[room];
    const bool callee = step == 1 || step == 2;
    record.actor = {user(callee ? "callee" : "caller", room), call::Role::crm_user,
                    call::DeviceId::clipped(callee ? "phone" : "laptop")};
    switch (step) {
      case 0:
        record.payload = call::CallStarted{.caller = record.actor.user,
                                           .caller_name = {},
                                           .callees = {user("callee", room)},
                                           .callee_name = {},
                                           .metadata = {},
                                           .ring_deadline = now_ + 45s};
        break;
      case 1:
        record.payload = call::Ringing{};
        break;
      case 2:
        record.payload = call::Accepted{now_ + 4h};
        break;
      default:
        record.payload = call::Ended{.reason = call::EndReason::hangup, .detail = {}};
    }
    chains_[room] = batch.add(record);
  }

  storage::Store& store_;
  std::vector<call::Hash> chains_;
  std::vector<call::Seq> seqs_;
  engine::SystemIds ids_;
  call::Time now_{std::chrono::hours(24 * 365 * 56)};
};

void write_index(storage::Store& store, const std::string& folder) {
  storage::CallIndex index({.path = folder + "/index"});
  projections::HistoryProjection projection("index", index);
  const engine::SystemClock clock;
  projections::Follower follower(projection, store.reader(), store.log_id(),
                                 {clock, [] { return std::uint64_t{0}; }, {}});
  while (follower.status().position < store.reader().head()) {
    follower.step();
    if (const auto trouble = follower.status().trouble) throw std::runtime_error(trouble->message);
  }
}

/// The milliseconds that the tool takes, from its start to its end.
double ask(const Options& options, const std::string& folder, const std::string& call) {
  std::array<std::string, 5> words{options.server, "timeline", call, "--data-dir", folder};
  std::array<char*, 6> arguments{};
  for (std::size_t i = 0; i < words.size(); ++i) arguments[i] = words[i].data();
  posix_spawn_file_actions_t files;
  ::posix_spawn_file_actions_init(&files);
  ::posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  ::posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  const auto began = Clock::now();
  pid_t child = 0;
  int status = -1;
  const bool started =
      ::posix_spawn(&child, arguments[0], &files, nullptr, arguments.data(), environ) == 0;
  if (started) ::waitpid(child, &status, 0);
  const auto took = Clock::now() - began;
  ::posix_spawn_file_actions_destroy(&files);
  if (status != 0) throw std::runtime_error("callstate timeline " + call + " failed");
  return std::chrono::duration<double, std::milli>(took).count();
}

}  // namespace

void measure_timeline(const Options& options, std::vector<Figure>& figures) {
  const auto folder = fresh_folder(options, "timeline");
  std::vector<std::string> calls;
  {
    storage::OpenOptions open;
    open.path = folder;
    auto store = storage::Store::open(open);
    if (!store) throw std::runtime_error(store.error().message);
    calls = Calls(**store).write(options.timeline_events / events_a_call);
    write_index(**store, folder);
  }
  std::vector<double> times;
  for (const auto& call : calls) times.push_back(ask(options, folder, call));
  const auto slowest = percentile(times, 1);
  std::filesystem::remove_all(folder);
  figures.push_back({.name = "timeline",
                     .value = median(times),
                     .unit = "ms",
                     .ceiling_name = std::to_string(options.timeline_events) + " records",
                     .target = 100,
                     .at_least = false});
  figures.push_back({.name = "timeline_slowest",
                     .value = slowest,
                     .unit = "ms",
                     .ceiling_name = std::to_string(options.timeline_events) + " records",
                     .target = 100,
                     .at_least = false});
}

}  // namespace callstate::bench
