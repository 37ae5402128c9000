#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "core/engine/mail_segment.hpp"
#include "storage/stores.hpp"

namespace callstate::storage::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr engine::Fingerprint ann{0x0102030405060708, 9};
constexpr engine::Fingerprint bob{0x0102030405060708, 10};

std::shared_ptr<engine::MailSegment> segment(const engine::Fingerprint& to,
                                             const std::vector<call::Position>& positions) {
  auto made = std::make_shared<engine::MailSegment>();
  const auto strand = made->add_strand();
  made->add_hearer(strand, to, 0);
  for (const auto position : positions) made->add_event(strand, position);
  return made;
}

TEST(MailRows, AreFoundByAddressAndPositionAlsoAfterARestart) {
  const TemporaryDirectory directory;
  {
    const auto store = open(directory.path());
    auto& snapshots = store->snapshots();
    snapshots.put(segment(ann, {1, 5, 300}));
    snapshots.put(segment(bob, {2, 6}));
    snapshots.put(segment(ann, {301}));
    snapshots.put(segment(ann, {70'000}));
    EXPECT_THAT(snapshots.find_mail(ann, 0, 100), ElementsAre(1, 5, 300, 301, 70'000));
    append(*store, 1);
    snapshots.mark({.position = store->reader().head()});
  }
  const auto store = open(directory.path());
  auto& snapshots = store->snapshots();
  EXPECT_THAT(snapshots.find_mail(ann, 0, 100), ElementsAre(1, 5, 300, 301, 70'000));
  EXPECT_THAT(snapshots.find_mail(ann, 5, 2), ElementsAre(300, 301));
  EXPECT_THAT(snapshots.find_mail(ann, 70'000, 100), IsEmpty());
  EXPECT_THAT(snapshots.find_mail(bob, 0, 1), ElementsAre(2));
}

// A replay cuts segments anew: of one block, the old and the new rows overlap.
TEST(MailRows, ThatOverlapGiveEachPositionOnce) {
  const TemporaryDirectory directory;
  {
    const auto store = open(directory.path());
    auto& snapshots = store->snapshots();
    snapshots.put(segment(ann, {10, 20}));
    snapshots.put(segment(ann, {30, 40}));
    snapshots.put(segment(ann, {10, 20, 30}));
    snapshots.put(segment(ann, {20'000}));
    append(*store, 1);
    snapshots.mark({.position = store->reader().head()});
  }
  const auto store = open(directory.path());
  auto& snapshots = store->snapshots();
  EXPECT_THAT(snapshots.find_mail(ann, 0, 100), ElementsAre(10, 20, 30, 40, 20'000));
  EXPECT_THAT(snapshots.find_mail(ann, 0, 3), ElementsAre(10, 20, 30));
  EXPECT_THAT(snapshots.find_mail(ann, 25, 2), ElementsAre(30, 40));
  // What overlaps is no reason to stop before there are as many as were asked for.
  EXPECT_THAT(snapshots.find_mail(ann, 0, 5), ElementsAre(10, 20, 30, 40, 20'000));
}

}  // namespace
}  // namespace callstate::storage::testing
