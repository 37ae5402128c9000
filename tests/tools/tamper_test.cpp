#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <functional>

#include "sealed_log.hpp"
#include "storage/detail/positions.hpp"
#include "storage/raw_database.hpp"
#include "storage/record_codec.hpp"
#include "tools/callstate/report/verification.hpp"
#include "tools/callstate/report/verification_page.hpp"

// A log on disk that somebody has changed who knows how it is made.

namespace callstate::tools {
namespace {

using storage::Database;
using storage::PositionKey;
using ::testing::Contains;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::SealedLog;
using ::testing::SizeIs;

class Tampering : public ::testing::Test {
 protected:
  Tampering() {
    log.start_call(1, "demo");  // 1, 3, 4; 2 is of another room
    log.seal();                 // 5
    log.end_call(1, "demo");    // 7
    log.start_call(2, "more");  // 8, 10, 11
    log.seal();                 // 12
  }

  void change(const std::function<void(Database&)>& how) {
    log.close();
    storage::testing::change_behind_its_back(log.path(), how);
    log.open();
  }
  static std::string get(Database& database, call::Position position) {
    std::string bytes;
    const PositionKey key(position);
    const rocksdb::Slice at(key.view().data(), key.view().size());
    EXPECT_TRUE(database.db->Get({}, database.log, at, &bytes).ok());
    return bytes;
  }
  static void put(Database& database, call::Position position, const std::string& bytes) {
    const PositionKey key(position);
    const rocksdb::Slice at(key.view().data(), key.view().size());
    ASSERT_TRUE(database.db->Put({}, database.log, at, bytes).ok());
  }
  static void edit(Database& database, call::Position position,
                   const std::function<void(call::Record&)>& how) {
    const auto bytes = get(database, position);
    storage::RecordDecoder decoder;
    call::Record record;
    ASSERT_EQ(
        decoder.decode({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, record),
        "");
    how(record);
    storage::RecordEncoder encoder;
    const auto again = encoder.encode(record);
    put(database, position, {reinterpret_cast<const char*>(again.data()), again.size()});
  }

  [[nodiscard]] Verification verify() const {
    const auto key = *storage::PublicKey::parse(testing::a_public_key);
    return verify_log(log.reader(), nullptr,
                      {.hash = storage::sha256,
                       .log_id = log.log_id(),
                       .signatures = [&](const call::Sealed& sealed, std::string_view statement) {
                         using enum seal::Checker::Verdict;
                         if (sealed.key != key.id()) return unknown_key;
                         return key.verifies(statement, sealed.signature) ? good : bad;
                       }});
  }

  SealedLog log;
};

auto says(const std::string& what) {
  return Contains(Field(&Problem::what, HasSubstr(what)));
}

TEST_F(Tampering, IsNotFoundWhereThereIsNone) {
  const auto found = verify();
  EXPECT_THAT(found.problems, IsEmpty());
  EXPECT_EQ(found.seals.good_signatures, 2U);
  EXPECT_EQ(found.seals.sealed_up_to, 11U);
  EXPECT_THAT(render_verification(found, std::chrono::seconds(1), Paint(false)),
              HasSubstr("Sealed up to position 11 by 2 seals, not sealed yet: 1 record. 2 "
                        "signatures checked."));
}

TEST_F(Tampering, WithARecordNamesItsPositionRoomAndCall) {
  change([](Database& database) {
    edit(database, 3,
         [](call::Record& record) { record.message_id = call::MessageId::clipped("x"); });
  });
  const auto found = verify();
  EXPECT_THAT(found.problems, says("positions 1 to 4 are not those that were sealed"));
  EXPECT_THAT(found.problems, says("By the chains it is position 3 (room demo of tenant acme, call "
                                   "01010101-0101-0101-0101-010101010101)"));
}

// Nothing in its stream comes after it: the seal alone knows.
TEST_F(Tampering, WithTheLastRecordOfAStreamIsFoundByItsSeal) {
  change([](Database& database) {
    edit(database, 7, [](call::Record& record) {
      record.payload = call::Ended{call::EndReason::hangup, "", 41};
    });
  });
  const auto found = verify();
  ASSERT_THAT(found.problems, SizeIs(1));
  EXPECT_THAT(found.problems[0].where, HasSubstr("positions 5 to 11"));
  EXPECT_THAT(found.problems, says("position 7 (room demo of tenant acme"));
}

TEST_F(Tampering, ByRemovingARecordNamesItsPosition) {
  log.close();
  storage::testing::change_behind_its_back(log.path(), [](Database& database) {
    const PositionKey key(8);
    const rocksdb::Slice at(key.view().data(), key.view().size());
    ASSERT_TRUE(database.db->Delete({}, database.log, at).ok());
  });
  EXPECT_THAT(storage::testing::refusal_of(log.path()), HasSubstr("8"));
}

TEST_F(Tampering, BySwappingTwoRecordsOfDifferentRoomsIsFoundByTheSeal) {
  change([](Database& database) {
    const auto one = get(database, 6);
    const auto other = get(database, 7);
    put(database, 6, other);
    put(database, 7, one);
  });
  const auto found = verify();
  EXPECT_THAT(found.problems, says("positions 5 to 11 are not those that were sealed"));
  EXPECT_THAT(found.problems, says("its time is before that of the record before it"));
}

TEST_F(Tampering, ByASealOfOnesOwnIsForgery) {
  change([](Database& database) {
    edit(database, 4, [](call::Record& record) { record.call = SealedLog::call(9); });
    edit(database, 5, [](call::Record& record) {
      auto& sealed = std::get<call::Sealed>(record.payload);
      sealed.root.fill(1);
    });
  });
  const auto found = verify();
  EXPECT_THAT(found.problems, says("its signature is wrong"));
  EXPECT_THAT(found.problems, says("another seal before it than the one at position 5"));
}

TEST_F(Tampering, ByCuttingTheEndOffIsRefusedByTheHead) {
  log.close();
  storage::testing::change_behind_its_back(log.path(), [](Database& database) {
    for (const call::Position position : {11U, 12U}) {
      const PositionKey key(position);
      const rocksdb::Slice at(key.view().data(), key.view().size());
      ASSERT_TRUE(database.db->Delete({}, database.log, at).ok());
    }
  });
  EXPECT_THAT(storage::testing::refusal_of(log.path()), HasSubstr("12"));
}

// The first seal and what it covers are of before the beginning, but for the seal itself.
TEST_F(Tampering, WithWhatARetentionHasLeftIsFound) {
  log.begin_later(5);
  auto found = verify();
  EXPECT_THAT(found.problems, IsEmpty());
  EXPECT_EQ(found.seals.outlived, 1U);
  EXPECT_EQ(found.seals.good_signatures, 2U);
  change([](Database& database) {
    edit(database, 10,
         [](call::Record& record) { record.message_id = call::MessageId::clipped("x"); });
  });
  found = verify();
  EXPECT_THAT(found.problems, says("positions 5 to 11 are not those that were sealed"));
  EXPECT_THAT(found.problems, says("By the chains it is position 10 (room more of tenant acme"));
}

}  // namespace
}  // namespace callstate::tools
