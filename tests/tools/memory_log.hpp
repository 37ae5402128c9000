#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/call/event.hpp"
#include "core/engine/beginning.hpp"
#include "core/engine/ports.hpp"

namespace callstate::tools::testing {

using namespace std::chrono_literals;

/// 2026-11-23T10:00:00Z.
constexpr call::Time start_of_log{std::chrono::sys_days(std::chrono::year(2026) / 11 / 23) + 10h};

inline call::UserId user(std::string_view id) {
  return call::UserId::clipped(id);
}

/// A log in memory, built one record after another as the engine would: it
/// numbers and chains them. Hashes are made up, one for each position.
class MemoryLog final : public engine::LogReader {
 public:
  /// In which room and call the next records are, and when.
  std::string tenant = "acme";
  std::string room = "demo";
  call::Time now = start_of_log;
  call::CallId call;

  call::Record& add(call::Stream stream, call::Actor actor, call::Payload payload) {
    call::Record record;
    record.position = records.size() + 1;
    auto& last = last_[key_of(stream)];
    record.seq = ++last.first;
    record.previous = last.second;
    last.second = hash_of(record.position);
    record.at = now;
    if (stream.kind == call::StreamKind::room) record.call = call;
    record.stream = std::move(stream);
    record.actor = std::move(actor);
    record.payload = std::move(payload);
    return records.emplace_back(std::move(record));
  }

  call::Record& by(std::string_view who, call::Payload payload,
                   std::string_view device = "laptop") {
    return add(here(), {user(who), call::Role::crm_user, call::DeviceId::clipped(device)},
               std::move(payload));
  }
  call::Record& by_system(call::Payload payload) {
    return add(here(), {user(call::system_actor), call::Role::system, {}}, std::move(payload));
  }
  call::Record& refused(std::string_view who, call::ErrorCode code, call::Payload payload) {
    return unapplied(by(who, std::move(payload)), call::Outcome::refused, code);
  }
  call::Record& ignored(std::string_view who, call::Payload payload) {
    return unapplied(by(who, std::move(payload)), call::Outcome::ignored, call::ErrorCode::none);
  }
  call::Record& server_started() {
    return add({call::StreamKind::server, {}, {}},
               {user(call::system_actor), call::Role::system, {}},
               call::ServerStarted{now + 30s, now + 10s, "0.1.0"});
  }
  call::Record& online(std::string_view who) {
    return add({call::StreamKind::user, call::TenantId::clipped(tenant), user(who)},
               {user(call::system_actor), call::Role::system, {}}, call::UserOnline{});
  }

  /// A call from `who` to `whom` that begins now.
  call::Record& starts(std::string_view who, std::vector<call::UserId> whom) {
    call.bytes.fill(0);
    call.bytes[15] = ++calls_;
    call::CallStarted started;
    started.caller = user(who);
    started.callees = std::move(whom);
    started.ring_deadline = now + 45s;
    return by(who, std::move(started));
  }

  /// alice calls bob, who answers on his phone; they talk for 42 s.
  void talk() {
    starts("alice", {user("bob")});
    now += 250ms;
    by("bob", call::Ringing{}, "phone");
    now += 3s;
    by("bob", call::Accepted{now + 4h}, "phone");
    now += 42s;
    by("alice", call::Ended{call::EndReason::hangup, "", 42});
  }

  static call::Hash hash_of(call::Position position) {
    call::Hash hash{};
    hash[0] = 0xAB;
    hash[1] = static_cast<std::uint8_t>(position >> 8U);
    hash[2] = static_cast<std::uint8_t>(position);
    return hash;
  }

  [[nodiscard]] call::Position head() const override { return records.size(); }
  [[nodiscard]] call::Position first() const override { return beginning_ ? beginning_->first : 1; }
  [[nodiscard]] std::shared_ptr<const engine::Beginning> beginning() const override {
    return beginning_;
  }
  std::expected<void, engine::Failure> read(call::Position from, call::Position to,
                                            const Each& each) const override {
    for (call::Position at = from; at <= std::min(to, head()); ++at) {
      if (beginning_ && !beginning_->holds(at)) continue;
      if (const auto found = broken.find(at); found != broken.end()) {
        return std::unexpected(engine::Failure{found->second});
      }
      if (!each(records[at - 1], hash_of(at))) break;
    }
    return {};
  }

  /// Drops what a retention drops.
  void begin_later(engine::Beginning beginning) {
    beginning_ = std::make_shared<const engine::Beginning>(std::move(beginning));
  }

  std::vector<call::Record> records;
  std::map<call::Position, std::string> broken;  // positions at which reading fails

 private:
  [[nodiscard]] call::Stream here() const {
    return {call::StreamKind::room, call::TenantId::clipped(tenant), user(room)};
  }
  static std::string key_of(const call::Stream& stream) {
    return std::to_string(static_cast<int>(stream.kind)) + std::string(stream.tenant.view()) + "/" +
           std::string(stream.name.view());
  }
  call::Record& unapplied(call::Record& record, call::Outcome outcome, call::ErrorCode code) {
    record.outcome = outcome;
    record.refusal = code;
    record.seq = --last_[key_of(record.stream)].first;
    return record;
  }

  std::shared_ptr<const engine::Beginning> beginning_;
  std::map<std::string, std::pair<call::Seq, call::Hash>> last_;
  std::uint8_t calls_ = 0;
};

}  // namespace callstate::tools::testing
