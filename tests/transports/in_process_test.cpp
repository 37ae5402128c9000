#include "transports/in_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "support/memory_log.hpp"
#include "support/memory_snapshots.hpp"

namespace callstate::transports {
namespace {

class FakeInbox final : public engine::Inbox {
 public:
  bool submit(engine::Submission submission) override {
    const std::scoped_lock lock(mutex_);
    if (full && !std::holds_alternative<engine::CloseNotice>(submission)) return false;
    taken.push_back(std::move(submission));
    return true;
  }
  template <class T>
  std::size_t count() {
    const std::scoped_lock lock(mutex_);
    return static_cast<std::size_t>(std::ranges::count_if(
        taken, [](const auto& one) { return std::holds_alternative<T>(one); }));
  }
  std::atomic<bool> full = false;
  std::vector<engine::Submission> taken;

 private:
  std::mutex mutex_;
};

call::Sender sender(std::string_view user) {
  call::Sender made;
  made.tenant = call::TenantId::clipped("t1");
  made.user = call::UserId::clipped(user);
  return made;
}

engine::Effects batch(std::vector<engine::Effect> effects) {
  return std::make_shared<const std::vector<engine::Effect>>(std::move(effects));
}

struct InProcessTest : testing::Test {
  FakeInbox inbox;
  support::MemoryLog log;
  support::MemorySnapshots snapshots;
  engine::Mailbox mailbox{snapshots};
  InProcess transport{inbox, mailbox, log, 9};
};

TEST_F(InProcessTest, OpensSubmitsAndClosesOnce) {
  const auto room = call::parse_room_name("r1");
  {
    const auto session = transport.open(sender("anna"), room, [](const auto&) {});
    ASSERT_NE(session, nullptr);
    EXPECT_EQ(engine::hub_of(session->id()), 9);
    EXPECT_TRUE(session->send(call::Message{*room, {}, {}, call::Ring{}}));
    EXPECT_TRUE(session->join(*room));
    EXPECT_TRUE(session->leave(*room));
    session->close();
    EXPECT_FALSE(session->join(*room));
  }
  ASSERT_EQ(inbox.taken.size(), 5);
  const auto& open = std::get<engine::OpenSession>(inbox.taken[0]);
  EXPECT_EQ(open.room, room);
  EXPECT_EQ(open.sender.user.view(), "anna");
  EXPECT_TRUE(std::holds_alternative<engine::Send>(inbox.taken[1]));
  EXPECT_TRUE(std::holds_alternative<engine::Join>(inbox.taken[2]));
  EXPECT_TRUE(std::holds_alternative<engine::Leave>(inbox.taken[3]));
  EXPECT_EQ(std::get<engine::CloseNotice>(inbox.taken[4]).session, open.session);
}

TEST_F(InProcessTest, AFullInboxRefusesTheSession) {
  inbox.full = true;
  EXPECT_EQ(transport.open(sender("anna"), {}, [](const auto&) {}), nullptr);
  EXPECT_TRUE(inbox.taken.empty());
}

TEST_F(InProcessTest, CallbacksMaySubmit) {
  std::unique_ptr<InProcessSession> session;
  const auto room = *call::parse_room_name("r1");
  session = transport.open(sender("anna"), {}, [&](const engine::ServerMessage& message) {
    EXPECT_TRUE(std::holds_alternative<engine::Ack>(message));
    EXPECT_TRUE(session->join(room));
  });
  transport.deliver(batch({engine::Reply{session->id(), engine::Ack{}}}));
  EXPECT_EQ(inbox.count<engine::Join>(), 1);
}

TEST_F(InProcessTest, HidesASignalsDataFromOthers) {
  std::vector<std::string> seen;
  const auto note = [&](const engine::ServerMessage& message) {
    const auto& event = std::get<engine::Event>(message);
    seen.push_back(std::get<call::Signaled>(event.record.payload).data);
  };
  const auto to = transport.open(sender("ben"), {}, note);
  const auto other = transport.open(sender("carl"), {}, note);
  const call::Stream room{call::StreamKind::room, call::TenantId::clipped("t1"),
                          call::UserId::clipped("r")};
  engine::Publish signal;
  signal.event.record.stream = room;
  signal.event.record.actor.user = call::UserId::clipped("anna");
  signal.event.record.payload = call::Signaled{call::UserId::clipped("ben"), "{}"};
  transport.deliver(batch({engine::Subscribe{to->id(), room, true},
                           engine::Subscribe{other->id(), room, true}, signal}));
  EXPECT_THAT(seen, testing::ElementsAre("{}", ""));
}

TEST_F(InProcessTest, TheServerEndsASession) {
  std::vector<std::uint16_t> codes;
  const auto session = transport.open(
      sender("anna"), {}, [](const auto&) {},
      [&](const engine::Close& close) { codes.push_back(close.code); });
  transport.deliver(batch({engine::CloseSession{session->id(), {4403, "no"}},
                           engine::Reply{session->id(), engine::Ack{}}}));
  transport.drain({});
  EXPECT_THAT(codes, testing::ElementsAre(4403));
  EXPECT_EQ(inbox.count<engine::CloseNotice>(), 1);
}

TEST_F(InProcessTest, DrainingClosesAllAndOpensNoMore) {
  std::uint16_t code = 0;
  const auto session = transport.open(
      sender("anna"), {}, [](const auto&) {},
      [&](const engine::Close& close) { code = close.code; });
  transport.drain({});
  EXPECT_EQ(code, 1001);
  EXPECT_EQ(transport.open(sender("ben"), {}, [](const auto&) {}), nullptr);
}

// Positions 1 to `count` of the log concern anna.
void fill(support::MemoryLog& log, engine::Mailbox& mailbox, call::Position count) {
  auto records = log.begin();
  std::vector<engine::MailNote> notes{
      {engine::MailNote::Kind::strand, 1, 0, {}},
      {engine::MailNote::Kind::hearer, 1, 1,
       mailbox.calls(call::TenantId::clipped("t1"), call::UserId::clipped("anna"))}};
  for (call::Position position = 1; position <= count; ++position) {
    call::Record record;
    record.stream = {call::StreamKind::room, call::TenantId::clipped("t1"),
                     call::UserId::clipped("r")};
    record.payload = call::Ringing{};
    records->add(record);
    notes.push_back({engine::MailNote::Kind::event, 1, record.position, {}});
  }
  ASSERT_TRUE(log.commit(std::move(records)));
  mailbox.take(notes, count);
}

TEST_F(InProcessTest, WhatWasMissedComesBeforeWhatIsLiveInPages) {
  constexpr call::Position missed = 200;  // several pages
  fill(log, mailbox, missed);
  std::mutex mutex;
  std::condition_variable came;
  std::vector<call::Position> heard;
  const auto session = transport.open(
      sender("anna"), {},
      [&](const engine::ServerMessage& message) {
        const auto* event = std::get_if<engine::Event>(&message);
        const std::scoped_lock lock(mutex);
        heard.push_back(event != nullptr ? event->record.position
                                         : std::get<engine::Ack>(message).position);
        came.notify_all();
      },
      {}, 0);
  EXPECT_EQ(std::get<engine::OpenSession>(inbox.taken.back()).since, 0U);
  const auto query = std::make_shared<const engine::MailQuery>(
      engine::MailQuery{.tenant = call::TenantId::clipped("t1"),
                        .user = call::UserId::clipped("anna"),
                        .device = {}});
  const auto ack = [&](call::Position position) {
    engine::Ack made;
    made.position = position;
    return engine::Reply{session->id(), std::move(made)};
  };
  // Two resumptions, one behind the other, with what is live after each.
  transport.deliver(
      batch({engine::Attach{session->id()}, engine::Resume{session->id(), query, 0, missed},
             ack(1'000), engine::Resume{session->id(), query, missed - 1, missed}, ack(1'001)}));
  transport.deliver(batch({ack(1'002)}));
  std::unique_lock lock(mutex);
  ASSERT_TRUE(came.wait_for(lock, std::chrono::seconds(10),
                            [&] { return !heard.empty() && heard.back() == 1'002; }));
  std::vector<call::Position> expected;
  for (call::Position position = 1; position <= missed; ++position) expected.push_back(position);
  expected.insert(expected.end(), {1'000, missed, 1'001, 1'002});
  EXPECT_EQ(heard, expected);
}

TEST_F(InProcessTest, WhoHearsTooMuchWhileItResumesIsClosed) {
  fill(log, mailbox, 1);
  std::vector<std::uint16_t> codes;
  const auto query = std::make_shared<const engine::MailQuery>(
      engine::MailQuery{.tenant = call::TenantId::clipped("t1"),
                        .user = call::UserId::clipped("anna"),
                        .device = {}});
  const auto session = transport.open(
      sender("anna"), {}, [](const auto&) {},
      [&](const engine::Close& close) { codes.push_back(close.code); });
  // In one batch, so that the reader cannot come in between.
  std::vector<engine::Effect> effects;
  effects.emplace_back(engine::Resume{session->id(), query, 0, 1});
  for (int i = 0; i < 2'000; ++i) effects.emplace_back(engine::Reply{session->id(), engine::Ack{}});
  transport.deliver(batch(std::move(effects)));
  EXPECT_THAT(codes, testing::ElementsAre(4410));
}

TEST_F(InProcessTest, SessionsComeAndGoWhileBatchesAreDelivered) {
  std::atomic<bool> stop = false;
  std::thread engine([&] {
    const call::Stream room{call::StreamKind::room, call::TenantId::clipped("t1"),
                            call::UserId::clipped("r")};
    engine::Publish event;
    event.event.record.stream = room;
    call::CallStarted started;
    started.caller = call::UserId::clipped("anna");
    started.callees = {call::UserId::clipped("ben")};
    event.event.record.payload = started;
    for (std::uint64_t i = 1; !stop; ++i)
      transport.deliver(batch({engine::Attach{engine::make_session_id(9, i % 500)}, event}));
  });
  for (int i = 0; i < 500; ++i) {
    const auto session =
        transport.open(sender(i % 2 == 0 ? "anna" : "ben"), {}, [](const auto&) {});
    ASSERT_NE(session, nullptr);
  }
  stop = true;
  engine.join();
  EXPECT_EQ(inbox.count<engine::CloseNotice>(), 500);
}

}  // namespace
}  // namespace callstate::transports
