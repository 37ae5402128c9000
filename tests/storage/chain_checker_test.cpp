#include "storage/chain_checker.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/record_codec.hpp"
#include "storage/sample_records.hpp"
#include "storage/sha256.hpp"

namespace callstate::storage::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Since = ChainChecker::Since;

/// Records with their hashes, each stream chained.
class Chained {
 public:
  struct Entry {
    call::Record record;
    call::Hash hash;
  };
  void add(const call::Stream& stream) {
    call::Record record = signal_in("x", 1);
    record.stream = stream;
    record.position = entries.size() + 1;
    for (const auto& entry : entries) {
      if (entry.record.stream == stream) record.previous = entry.hash;
    }
    entries.push_back({record, sha256(encoder_.encode(record))});
  }
  std::vector<Entry> entries;

 private:
  RecordEncoder encoder_;
};

Chained three_streams() {
  Chained chained;
  for (int i = 0; i < 4; ++i) {
    chained.add(room_stream("standup"));
    chained.add(user_stream("standup"));  // the same name, another stream
    chained.add({call::StreamKind::server, {}, {}});
  }
  return chained;
}

TEST(ChainChecker, EveryKindOfStreamHasItsOwnChain) {
  ChainChecker checker(Since::start);
  for (const auto& [record, hash] : three_streams().entries) {
    EXPECT_TRUE(checker.check(record, hash));
  }
}

TEST(ChainChecker, AnAlteredRecordBreaksTheChainAtTheNextOfItsStream) {
  ChainChecker checker(Since::start);
  auto chained = three_streams();
  chained.entries[3].hash[0] ^= 1U;  // position 4, room standup
  for (const auto& [record, hash] : chained.entries) {
    const auto checked = checker.check(record, hash);
    EXPECT_EQ(checked.has_value(), record.position != 7);
    if (!checked) {
      EXPECT_THAT(checked.error().message, HasSubstr("room acme/standup breaks at position 7"));
    }
  }
}

TEST(ChainChecker, AMissingRecordBreaksTheChain) {
  ChainChecker checker(Since::start);
  for (const auto& [record, hash] : three_streams().entries) {
    if (record.position == 6) continue;  // the server's second
    EXPECT_EQ(checker.check(record, hash).has_value(), record.position != 9);
  }
}

TEST(ChainChecker, FromTheStartNoStreamMayHaveAPredecessor) {
  ChainChecker checker(Since::start);
  const auto chained = three_streams();
  const auto& later = chained.entries[3];
  const auto checked = checker.check(later.record, later.hash);
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().message, HasSubstr("beginning is missing"));
}

TEST(ChainChecker, InTheMiddleAStreamIsTakenAtItsWordUnlessSeeded) {
  const auto chained = three_streams();
  ChainChecker unseeded(Since::middle);
  for (std::size_t i = 4; i < chained.entries.size(); ++i) {
    EXPECT_TRUE(unseeded.check(chained.entries[i].record, chained.entries[i].hash));
  }
  ChainChecker seeded(Since::middle);
  seeded.seed(room_stream("standup"), chained.entries[3].hash);
  EXPECT_TRUE(seeded.check(chained.entries[6].record, chained.entries[6].hash));
  ChainChecker wrong(Since::middle);
  wrong.seed(room_stream("standup"), chained.entries[0].hash);
  EXPECT_FALSE(wrong.check(chained.entries[6].record, chained.entries[6].hash));
}

TEST(ChainChecker, OfALogThatBeginsLaterFollowsItsStatesThere) {
  const auto chained = three_streams();
  auto beginning = std::make_shared<engine::Beginning>();
  beginning->first = 7;
  beginning->kept = {1, 3, 4};
  call::Room room;
  room.state = call::CallState::ringing;
  room.chain = chained.entries[3].hash;
  beginning->add({room_stream("standup"), room});
  call::User server;
  server.chain = chained.entries[5].hash;
  beginning->add({{call::StreamKind::server, {}, {}}, server});
  const auto broken_at = [&] {
    ChainChecker checker(beginning);
    std::vector<call::Position> broken;
    for (const auto& [record, hash] : chained.entries) {
      if (beginning->holds(record.position) && !checker.check(record, hash))
        broken.push_back(record.position);
    }
    return broken;
  };
  // The user's stream has never been, by the states there.
  EXPECT_THAT(broken_at(), ElementsAre(8));
  call::User user;
  user.chain = chained.entries[4].hash;
  beginning->add({user_stream("standup"), user});
  EXPECT_THAT(broken_at(), IsEmpty()) << "the server's may lack some of before";
  room.chain[0] ^= 1U;
  beginning->add({room_stream("standup"), room});
  EXPECT_THAT(broken_at(), ElementsAre(7)) << "neither the kept records nor what follows fit";
}

}  // namespace
}  // namespace callstate::storage::testing
