#include "core/engine/mailbox.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/engine/mail.hpp"
#include "support/memory_snapshots.hpp"

namespace callstate::engine {
namespace {

using Kind = MailNote::Kind;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr Fingerprint ann{1, 0};
constexpr Fingerprint bob{2, 0};
constexpr Fingerprint room{3, 0};

struct MailboxTest : testing::Test {
  MailboxTest() { mailbox.restore({1, 2}, 0); }

  void take(const std::vector<MailNote>& notes, call::Position head) { mailbox.take(notes, head); }
  std::vector<call::Position> find(Fingerprint to, call::Position after = 0,
                                   std::size_t max = Mailbox::all) {
    return mailbox.find(std::vector{to}, after, mailbox.head(), max);
  }

  support::MemorySnapshots snapshots;
  Mailbox mailbox{snapshots};
};

TEST_F(MailboxTest, WhoIsNamedLaterHearsFromThereOn) {
  take({{Kind::strand, 1, 0, room}, {Kind::hearer, 1, 1, ann}, {Kind::event, 1, 1, {}}}, 1);
  take({{Kind::event, 1, 2, {}}, {Kind::hearer, 1, 3, bob}, {Kind::event, 1, 3, {}}}, 3);
  EXPECT_THAT(find(room), ElementsAre(1, 2, 3));
  EXPECT_THAT(find(ann), ElementsAre(1, 2, 3));
  EXPECT_THAT(find(bob), ElementsAre(3));
  EXPECT_THAT(find(ann, 1), ElementsAre(2, 3));
  EXPECT_THAT(find(ann, 3), IsEmpty());
}

TEST_F(MailboxTest, FindsWhatIsInClosedSegmentsAndEachOnce) {
  take({{Kind::strand, 1, 0, room}, {Kind::event, 1, 1, {}}, {Kind::close, 0, 2, {}}}, 2);
  take({{Kind::strand, 2, 0, room}, {Kind::hearer, 2, 3, ann}, {Kind::event, 2, 3, {}}}, 3);
  EXPECT_THAT(find(room), ElementsAre(1, 3));
  EXPECT_THAT(find(room, 1), ElementsAre(3));
  EXPECT_THAT(find(room, 0, 1), ElementsAre(1));
  EXPECT_THAT(mailbox.find(std::vector{room, ann}, 0, 3), ElementsAre(1, 3));
  EXPECT_THAT(mailbox.find(std::vector{room}, 0, 2), ElementsAre(1)) << "up to";
}

TEST_F(MailboxTest, WakesWhomAnEventConcernsAndOnce) {
  int woken = 0;
  const auto watch = mailbox.watch(std::vector{ann}, 0, [&] { ++woken; });
  ASSERT_NE(watch, nullptr);
  EXPECT_EQ(mailbox.watches(), 1);
  take({{Kind::strand, 1, 0, room}, {Kind::hearer, 1, 1, bob}, {Kind::event, 1, 1, {}}}, 1);
  EXPECT_EQ(woken, 0);
  take({{Kind::hearer, 1, 2, ann}, {Kind::event, 1, 2, {}}, {Kind::event, 1, 3, {}}}, 3);
  EXPECT_EQ(woken, 1);
  EXPECT_EQ(mailbox.watches(), 0);
}

TEST_F(MailboxTest, WhatHasComeAlreadyIsNotWaitedFor) {
  take({{Kind::strand, 1, 0, room}, {Kind::hearer, 1, 1, ann}, {Kind::event, 1, 1, {}}}, 5);
  EXPECT_EQ(mailbox.watch(std::vector{ann}, 0, [] {}), nullptr);
  EXPECT_NE(mailbox.watch(std::vector{ann}, 1, [] {}), nullptr) << "nothing has come since";
  take({{Kind::close, 0, 5, {}}}, 5);
  EXPECT_EQ(mailbox.watch(std::vector{ann}, 1, [] {}), nullptr) << "it may have";
  EXPECT_EQ(mailbox.watches(), 0) << "the handles are gone";
}

TEST_F(MailboxTest, TheHeadIsWaitedForWhateverComes) {
  int woken = 0;
  const auto watch = mailbox.watch_head(0, [&] { ++woken; });
  ASSERT_NE(watch, nullptr);
  EXPECT_EQ(mailbox.watches(), 1);
  take({}, 0);
  EXPECT_EQ(woken, 0) << "a batch without records";
  take({}, 3);
  take({}, 4);
  EXPECT_EQ(woken, 1);
  EXPECT_EQ(mailbox.watches(), 0);
  EXPECT_EQ(mailbox.watch_head(3, [] {}), nullptr) << "it is there already";
  auto ended = mailbox.watch_head(4, [] { FAIL(); });
  ended.reset();
  take({}, 5);
}

TEST_F(MailboxTest, AWatchEndsWithItsHandle) {
  auto watch = mailbox.watch(std::vector{ann, room}, 0, [] { FAIL(); });
  watch.reset();
  EXPECT_EQ(mailbox.watches(), 0);
  take({{Kind::strand, 1, 0, room}, {Kind::hearer, 1, 1, ann}, {Kind::event, 1, 1, {}}}, 1);
}

}  // namespace
}  // namespace callstate::engine
