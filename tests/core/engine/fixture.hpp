#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/engine/sequencer.hpp"
#include "support/memory_log.hpp"
#include "support/memory_snapshots.hpp"
#include "support/stand_ins.hpp"

namespace callstate::engine {

/// A sequencer on stand-ins, one batch a submission unless a test begins its own.
class SequencerTest : public testing::Test {
 protected:
  static call::TenantId tenant(std::string_view name) { return call::TenantId::clipped(name); }
  static call::UserId user(std::string_view name) { return call::UserId::clipped(name); }
  static call::RoomName room(std::string_view name) { return call::RoomName::clipped(name); }
  static call::MessageId id(std::string_view text) { return call::MessageId::clipped(text); }
  static call::Stream room_stream(std::string_view name, std::string_view of = "acme") {
    return {call::StreamKind::room, tenant(of), user(name)};
  }
  static call::Stream user_stream(std::string_view name, std::string_view of = "acme") {
    return {call::StreamKind::user, tenant(of), user(name)};
  }

  /// Recovers, fails the test if that fails, and commits SERVER_STARTED.
  Recovery boot();
  /// What a boot would say is wrong; empty when nothing.
  std::string boot_failure();
  /// The process is gone; what it has put into the snapshots survives or not.
  void crash(bool snapshots_survive = true);
  /// A stop in order, with a checkpoint.
  void stop();

  Batch begin() { return sequencer->begin(); }
  /// Finishes and commits: what it released.
  std::vector<Effect> commit(Batch batch);
  std::vector<Effect> submit(Submission submission);
  std::vector<Effect> pass(call::Duration time);

  static OpenSession opening(SessionId session, std::string_view who,
                             std::string_view device = "phone",
                             call::Role role = call::Role::crm_user, std::string_view of = "acme");
  std::vector<Effect> open(SessionId session, std::string_view who,
                           std::string_view device = "phone") {
    return submit(opening(session, who, device));
  }
  std::vector<Effect> close(SessionId session) { return submit(CloseNotice{session}); }
  static Send message(SessionId session, std::string_view where, call::MessageBody body,
                      std::string_view with_id = {});
  std::vector<Effect> send(SessionId session, std::string_view where, call::MessageBody body,
                           std::string_view with_id = {}) {
    return submit(message(session, where, std::move(body), with_id));
  }
  std::vector<Effect> start_call(SessionId session, std::string_view where,
                                 std::vector<std::string_view> callees,
                                 std::string_view with_id = {});

  const call::Room& room_state(std::string_view name) {
    return sequencer->states().room(tenant("acme"), name).room;
  }
  const call::User& user_state(std::string_view name) {
    return sequencer->states().user(tenant("acme"), name).user;
  }

  Settings settings;
  support::ManualClock clock;
  support::SeededIds ids;
  support::MemoryLog log;
  support::MemorySnapshots snapshots;
  support::RecordingDelivery delivery;
  Directory* directory = nullptr;  // of the next boot
  std::unique_ptr<Mailbox> mailbox;
  std::unique_ptr<Sequencer> sequencer;
};

/// The effects of one kind, in order.
template <class T>
std::vector<T> only(const std::vector<Effect>& effects) {
  std::vector<T> found;
  for (const auto& effect : effects) {
    if (const auto* one = std::get_if<T>(&effect)) found.push_back(*one);
  }
  return found;
}

/// The messages of one kind that were sent to the session alone.
template <class T>
std::vector<T> replies(const std::vector<Effect>& effects, SessionId to) {
  std::vector<T> found;
  for (const auto& reply : only<Reply>(effects)) {
    const auto* one = std::get_if<T>(&reply.message);
    if (reply.to == to && one != nullptr) found.push_back(*one);
  }
  return found;
}

/// The types of the published events, in order: `CALL_STARTED` …
std::vector<std::string> published(const std::vector<Effect>& effects);

}  // namespace callstate::engine
