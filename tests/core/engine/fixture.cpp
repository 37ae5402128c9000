#include "core/engine/fixture.hpp"

namespace callstate::engine {

Recovery SequencerTest::boot() {
  mailbox = std::make_unique<Mailbox>(snapshots);
  sequencer =
      std::make_unique<Sequencer>(settings, clock, ids, log, snapshots, *mailbox, directory);
  const auto found = sequencer->recover(log);
  if (!found) {
    ADD_FAILURE() << found.error().message;
    return {};
  }
  Batch first = sequencer->start();
  const auto number = first.number;
  EXPECT_TRUE(engine::commit(std::move(first), log, snapshots, *mailbox, delivery));
  sequencer->done(number);
  (void)delivery.take();
  return *found;
}

std::string SequencerTest::boot_failure() {
  mailbox = std::make_unique<Mailbox>(snapshots);
  sequencer =
      std::make_unique<Sequencer>(settings, clock, ids, log, snapshots, *mailbox, directory);
  const auto found = sequencer->recover(log);
  return found ? std::string() : found.error().message;
}

void SequencerTest::crash(bool snapshots_survive) {
  sequencer.reset();
  log.crash();
  snapshots.crash([&] { return snapshots_survive; });
}

void SequencerTest::stop() {
  Batch last = begin();
  sequencer->finish(last, true);
  EXPECT_TRUE(engine::commit(std::move(last), log, snapshots, *mailbox, delivery));
  snapshots.flush();
  crash();
}

std::vector<Effect> SequencerTest::commit(Batch batch) {
  sequencer->finish(batch);
  const auto number = batch.number;
  EXPECT_TRUE(engine::commit(std::move(batch), log, snapshots, *mailbox, delivery));
  sequencer->done(number);
  return delivery.take();
}

std::vector<Effect> SequencerTest::submit(Submission submission) {
  Batch batch = begin();
  sequencer->decide_due(batch);
  sequencer->decide(submission, batch);
  return commit(std::move(batch));
}

std::vector<Effect> SequencerTest::pass(call::Duration time) {
  clock.advance(time);
  Batch batch = begin();
  sequencer->decide_due(batch);
  return commit(std::move(batch));
}

OpenSession SequencerTest::opening(SessionId session, std::string_view who, std::string_view device,
                                   call::Role role, std::string_view of) {
  return {.session = session,
          .sender = {.tenant = tenant(of),
                     .user = user(who),
                     .role = role,
                     .device = call::DeviceId::clipped(device),
                     .name = std::string(who)},
          .room = {}};
}

Send SequencerTest::message(SessionId session, std::string_view where, call::MessageBody body,
                            std::string_view with_id) {
  return {session, {.room = room(where), .id = id(with_id), .sender = {}, .body = std::move(body)}};
}

std::vector<Effect> SequencerTest::start_call(SessionId session, std::string_view where,
                                              std::vector<std::string_view> callees,
                                              std::string_view with_id) {
  call::StartCall start;
  for (const auto callee : callees) start.callees.push_back(user(callee));
  return send(session, where, std::move(start), with_id);
}

std::vector<std::string> published(const std::vector<Effect>& effects) {
  std::vector<std::string> types;
  for (const auto& publish : only<Publish>(effects)) {
    types.emplace_back(call::type_of(publish.event.record.payload));
  }
  return types;
}

}  // namespace callstate::engine
