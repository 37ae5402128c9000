#include "storage/stored_call_index.hpp"

#include <gmock/gmock.h>

#include <filesystem>

#include "storage/call_index_fixture.hpp"

namespace callstate::storage::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A record of a room, of a call or of none.
history::EventRow event(call::Position position, std::string_view where, std::uint64_t of_call,
                        std::string_view of_tenant = "acme") {
  call::Record record;
  record.position = position;
  record.stream = {call::StreamKind::room, tenant(of_tenant), call::user(where)};
  if (of_call != 0) record.call = call_id(of_call);
  return {std::move(record), {}, {}};
}

class StoredCallIndexTest : public CallIndexTest {
 protected:
  /// Two rooms of one name, in two tenants, another room, strays and starts.
  void fill() {
    ASSERT_TRUE(open());
    Changes changes;
    changes.calls = {call_row(1), call_row(2, {"ann", "bob"}, "r", "globex"),
                     call_row(3, {"ann", "bob"}, "other")};
    changes.events.push_back(event(1, "r", 1));
    changes.events.push_back(event(2, "r", 2, "globex"));
    changes.events.push_back(event(4, "r", 0));
    changes.events.push_back(event(5, "other", 3));
    changes.events.push_back(event(6, "r", 1));
    changes.events.push_back(event(7, "lonely", 0, "initech"));
    changes.starts = {3, 8};
    changes.position = 9;
    ASSERT_TRUE(index->apply(changes));
    index.reset();
  }

  std::unique_ptr<StoredCallIndex> stored() {
    auto opened = StoredCallIndex::open(path, "a-log", far);
    EXPECT_TRUE(opened) << opened.error();
    return opened ? std::move(*opened) : nullptr;
  }
  std::string refused(const std::string& log = "a-log", call::Position head = far) {
    const auto opened = StoredCallIndex::open(path, log, head);
    return opened ? std::string() : opened.error();
  }
};

TEST_F(StoredCallIndexTest, SaysWhereARoomsRecordsLie) {
  fill();
  const auto found = stored();
  ASSERT_TRUE(found);
  EXPECT_EQ(found->position(), 9U);
  EXPECT_THAT(*found->of_room(tenant("acme"), room("r")), ElementsAre(1, 4, 6));
  EXPECT_THAT(*found->of_room(tenant("globex"), room("r")), ElementsAre(2));
  EXPECT_THAT(*found->of_room({}, room("r")), ElementsAre(1, 2, 4, 6));
  EXPECT_THAT(*found->of_room({}, room("lonely")), ElementsAre(7)) << "without any call";
  EXPECT_THAT(*found->of_room({}, room("nowhere")), IsEmpty());
}

TEST_F(StoredCallIndexTest, SaysWhereACallsRecordsAndTheServersStartsLie) {
  fill();
  const auto found = stored();
  ASSERT_TRUE(found);
  EXPECT_THAT(*found->of_call(call_id(1)), ElementsAre(1, 6));
  EXPECT_THAT(*found->of_call(call_id(9)), IsEmpty());
  EXPECT_THAT(*found->of_starts(), ElementsAre(3, 8));
}

TEST_F(StoredCallIndexTest, WhatTheIndexPassedOverMayBeAnybodys) {
  fill();
  ASSERT_TRUE(open());
  ASSERT_TRUE(index->skip(10, "an operator", some_day));
  index.reset();
  const auto found = stored();
  ASSERT_TRUE(found);
  EXPECT_THAT(*found->of_call(call_id(1)), ElementsAre(1, 6, 10));
}

TEST_F(StoredCallIndexTest, OneOfNoUseSaysWhy) {
  EXPECT_THAT(refused(), HasSubstr("there is no index of calls in"));
  fill();
  EXPECT_THAT(refused("another-log"), HasSubstr("is of another log, a-log"));
  EXPECT_THAT(refused("a-log", 8), HasSubstr("is ahead of the log"));
  EXPECT_EQ(refused("a-log", 9), "");
}

TEST_F(StoredCallIndexTest, DamageIsSaidAndLeftAlone) {
  fill();
  for (const auto& file : std::filesystem::directory_iterator(path)) {
    if (file.path().extension() == ".sst") std::filesystem::resize_file(file.path(), 10);
  }
  EXPECT_NE(refused(), "");
  EXPECT_TRUE(std::filesystem::exists(path / "CURRENT"));
}

}  // namespace
}  // namespace callstate::storage::testing
