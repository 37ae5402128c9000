#include "core/engine/retention.hpp"

#include <gmock/gmock.h>

#include "fixture.hpp"

namespace callstate::engine {
namespace {

using call::Position;
using std::chrono::hours;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr SessionId ann{1};
constexpr SessionId bob{2};

struct RetentionTest : SequencerTest {
  void SetUp() override {
    boot();
    open(ann, "ann");
    open(bob, "bob");
  }
  /// A call that is over.
  void call_in(std::string_view where) {
    start_call(ann, where, {"bob"});
    send(bob, where, call::Accept{});
    send(ann, where, call::End{});
  }
  Retention plan(call::Time older_than, RetentionRequest request = {}) {
    request.older_than = older_than;
    auto planned = plan_retention(log, request);
    EXPECT_TRUE(planned) << planned.error().message;
    return planned.value_or(Retention{});
  }
  static const call::Room& room_in(const Beginning& beginning, std::string_view name,
                                   std::string_view of = "acme") {
    const auto* found = beginning.find(room_stream(name, of));
    EXPECT_NE(found, nullptr) << name;
    static const call::Room none;
    return found == nullptr ? none : std::get<call::Room>(found->state);
  }
};

TEST_F(RetentionTest, WhatIsOlderGoesAndWhatIsNotStays) {
  call_in("old");
  const auto cut = log.head();
  clock.advance(hours(2));
  const auto then = clock.now();
  call_in("new");
  const auto made = plan(then);
  EXPECT_EQ(made.beginning.first, cut + 1);
  EXPECT_EQ(made.records, cut);
  EXPECT_EQ(made.calls, 1);
  EXPECT_EQ(made.live, 0);
  EXPECT_THAT(made.beginning.kept, IsEmpty());
  EXPECT_EQ(made.beginning.mark.position, cut);
  EXPECT_EQ(made.beginning.find(room_stream("old")), nullptr) << "it has never been";
  EXPECT_NE(made.beginning.find({call::StreamKind::server, {}, {}}), nullptr);
}

TEST_F(RetentionTest, NothingGoesWhereNothingIsThatOld) {
  call_in("r");
  const auto made = plan(log.at(1).at);
  EXPECT_EQ(made.beginning.first, 1);
  EXPECT_EQ(made.records, 0);
}

TEST_F(RetentionTest, TheLastRecordStaysHoweverOld) {
  call_in("r");
  EXPECT_EQ(plan(clock.now() + hours(1)).beginning.first, log.head());
}

TEST_F(RetentionTest, ACallThatIsLiveAtTheCutStaysWithAllItsRecords) {
  call_in("over");
  start_call(ann, "live", {"bob"});
  const auto started = log.head();
  send(bob, "live", call::Ring{});
  const auto cut = log.head();
  clock.advance(hours(1));
  const auto then = clock.now();
  send(bob, "live", call::Accept{});
  const auto made = plan(then);
  EXPECT_EQ(made.beginning.first, cut + 1);
  EXPECT_THAT(made.beginning.kept, ElementsAre(started, cut));
  EXPECT_EQ(made.records, cut - 2);
  EXPECT_EQ(made.calls, 1);
  EXPECT_EQ(made.live, 1);
  EXPECT_EQ(room_in(made.beginning, "live").state, call::CallState::ringing);
  EXPECT_EQ(made.beginning.mark.audiences.size(), 1) << "who hears it is known";
}

TEST_F(RetentionTest, WhatIsSaidToACallThatIsOverHoldsNothingBack) {
  call_in("r");
  const auto cut = log.head();
  clock.advance(hours(1));
  const auto then = clock.now();
  send(bob, "r", call::Accept{});  // refused
  const auto made = plan(then);
  EXPECT_EQ(made.beginning.first, cut + 1);
  EXPECT_THAT(made.beginning.kept, IsEmpty());
  const auto& room = room_in(made.beginning, "r");
  EXPECT_EQ(room.state, call::CallState::idle) << "nothing of the call is left in it";
  EXPECT_TRUE(room.participants.empty());
  EXPECT_EQ(room.seq, log.at(cut).seq);
  EXPECT_EQ(room.chain, log.at(cut + 1).previous);
}

TEST_F(RetentionTest, ARevocationHasNoAge) {
  submit(opening(SessionId{3}, "gone"));
  submit(Revoke{std::make_shared<const Requester>(Requester{.reply_to = SessionId{9},
                                                            .sender = {.tenant = tenant("acme"),
                                                                       .user = user("crm"),
                                                                       .role = call::Role::service,
                                                                       .device = {},
                                                                       .name = {}},
                                                            .issued_at = {}}),
                user("gone")});
  close(ann);
  close(bob);
  close(SessionId{3});
  pass(hours(1));  // nobody is online
  call_in("r");
  const auto made = plan(clock.now() + hours(1));
  const auto* gone = made.beginning.find(user_stream("gone"));
  ASSERT_NE(gone, nullptr);
  EXPECT_NE(std::get<call::User>(gone->state).revoked_before, call::Time{});
  EXPECT_EQ(made.beginning.find(user_stream("bob")), nullptr);
}

TEST_F(RetentionTest, NoPositionBeyondTheBoundGoesAndWhatIsToStayStays) {
  call_in("r");
  send(bob, "r", call::Accept{});  // refused
  const auto head = log.head();
  EXPECT_EQ(plan(clock.now() + hours(1), {.cut_max = 2}).beginning.first, 3);
  const auto is_kept = [](const call::Record& record) { return record.position == 2; };
  const auto made = plan(clock.now() + hours(1), {.is_kept = is_kept});
  EXPECT_THAT(made.beginning.kept, ElementsAre(2));
  EXPECT_EQ(made.beginning.first, head);
  EXPECT_EQ(made.records, head - 2);
}

TEST_F(RetentionTest, TheServersOwnWordsOfTheLogStay) {
  call::Record record;
  record.stream.kind = call::StreamKind::server;
  record.payload = call::ServerStarted{};
  EXPECT_FALSE(is_kept_always(record));
  record.payload = call::UserOnline{};  // for one that is to come
  EXPECT_TRUE(is_kept_always(record));
  record.stream.kind = call::StreamKind::room;
  EXPECT_FALSE(is_kept_always(record));
}

}  // namespace
}  // namespace callstate::engine
