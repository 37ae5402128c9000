#include "storage/webhook_outbox.hpp"

#include <gmock/gmock.h>

#include <optional>

#include "storage/detail/outbox_codec.hpp"
#include "storage/stores.hpp"

namespace callstate::storage {
namespace {

using history::DeadEvent;
using history::OutgoingEvent;
using history::Trouble;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Opened = history::Outbox::Opened;
using Standing = history::Outbox::Standing;

constexpr auto log_id = "0190d6a4-7c1e-7b3a-9f00-3f2a9c41d07b";

const auto acme = call::TenantId::clipped("acme");
const auto umbrella = call::TenantId::clipped("umbrella");

OutgoingEvent event_of(const std::string& id, const call::TenantId& tenant = acme) {
  OutgoingEvent event;
  event.id = id;
  event.type = "call.ended";
  event.call.bytes[15] = 1;
  event.tenant = tenant;
  event.queued_at = call::Time(std::chrono::seconds(1'000'000));
  event.body = "{\"id\":\"" + id + "\"}";
  return event;
}

class WebhookOutboxTest : public ::testing::Test {
 protected:
  WebhookOutboxTest() { reopen(); }

  void reopen() {
    outbox.reset();
    outbox.emplace(directory / "webhooks");
    opened = open(log_id);
  }
  Opened open(const std::string& id, call::Position head = 100) {
    const auto result = outbox->open(id, head, head);
    EXPECT_TRUE(result) << result.error().message;
    return result.value_or(Opened{});
  }
  void append(std::initializer_list<const char*> ids, const Standing& standing = {}) {
    std::vector<OutgoingEvent> events;
    for (const auto* id : ids) events.push_back(event_of(id));
    ASSERT_TRUE(outbox->append(events, standing));
  }
  [[nodiscard]] std::vector<std::string> waiting(std::uint64_t after = 0,
                                                 std::size_t max = 100) const {
    std::vector<std::string> ids;
    const auto found = outbox->waiting(after, max);
    for (const auto& event : found.value()) ids.push_back(event.id);
    return ids;
  }
  [[nodiscard]] std::vector<std::string> dead(std::string_view after = {},
                                              std::size_t max = 100) const {
    std::vector<std::string> ids;
    const auto found = outbox->dead(acme, after, max);
    for (const auto& each : found.value()) ids.push_back(each.event.id);
    return ids;
  }
  void bury(std::uint64_t number, const std::string& why = "HTTP 500") {
    const auto found = *outbox->find(number);
    ASSERT_TRUE(found);
    ASSERT_TRUE(outbox->bury({.event = *found, .died_at = later, .attempts = 7, .why = why}));
  }

  testing::TemporaryDirectory directory;
  std::optional<WebhookOutbox> outbox;
  Opened opened;
  const call::Time later{std::chrono::seconds(2'000'000)};
};

TEST_F(WebhookOutboxTest, BeginsAtTheHeadAndSaysSo) {
  EXPECT_EQ(opened.standing.position, 100U);
  EXPECT_EQ(opened.standing.fold_after, 100U);
  EXPECT_THAT(opened.note, HasSubstr("begin after position 100"));
  reopen();
  EXPECT_EQ(opened.standing.position, 100U);
  EXPECT_EQ(opened.note, "");
}

TEST_F(WebhookOutboxTest, KeepsEventsAndStandingTogether) {
  append({"a", "b"}, {.position = 7, .fold_after = 3});
  append({}, {.position = 9, .fold_after = 4});
  append({"c"}, {.position = 12, .fold_after = 12});
  reopen();
  EXPECT_EQ(opened.standing.position, 12U);
  EXPECT_EQ(opened.standing.fold_after, 12U);
  EXPECT_THAT(waiting(), ElementsAre("a", "b", "c"));
  EXPECT_EQ(outbox->counts().waiting, 3U);
}

TEST_F(WebhookOutboxTest, GivesAWholeEventBack) {
  append({"a"});
  reopen();
  const auto listed = outbox->waiting(0, 1)->at(0);
  EXPECT_EQ(listed.body, "");
  const auto found = *outbox->find(listed.number);
  const auto made = event_of("a");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->id, made.id);
  EXPECT_EQ(found->type, made.type);
  EXPECT_EQ(found->call, made.call);
  EXPECT_EQ(found->tenant, made.tenant);
  EXPECT_EQ(found->queued_at, made.queued_at);
  EXPECT_EQ(found->body, made.body);
  EXPECT_EQ(*outbox->find(listed.number + 1), std::nullopt);
}

TEST_F(WebhookOutboxTest, GivesPagesInTheOrderOfArrival) {
  append({"z", "y", "x", "w"});
  EXPECT_THAT(waiting(0, 2), ElementsAre("z", "y"));
  EXPECT_THAT(waiting(2, 2), ElementsAre("x", "w"));
  EXPECT_THAT(waiting(4, 2), IsEmpty());
  append({"v"});
  EXPECT_THAT(waiting(4, 2), ElementsAre("v"));
}

TEST_F(WebhookOutboxTest, ForgetsWhatWasTakenAndGivesItsNumberToNoOther) {
  append({"a", "b"});
  ASSERT_TRUE(outbox->taken(1));
  ASSERT_TRUE(outbox->taken(2));
  EXPECT_THAT(waiting(), IsEmpty());
  EXPECT_EQ(outbox->counts().waiting, 0U);
  reopen();
  append({"c"});
  EXPECT_THAT(outbox->waiting(0, 9)->at(0).number, 3U);
}

TEST_F(WebhookOutboxTest, KeepsTheDeadWithWhatBecameOfThem) {
  append({"b", "a"});
  bury(1);
  bury(2, "connection refused");
  reopen();
  EXPECT_THAT(waiting(), IsEmpty());
  EXPECT_THAT(dead(), ElementsAre("a", "b"));
  EXPECT_THAT(dead("a"), ElementsAre("b"));
  EXPECT_THAT(dead("", 1), ElementsAre("a"));
  EXPECT_EQ(outbox->counts().dead, 2U);
  const auto found = outbox->dead(acme, "", 1)->at(0);
  EXPECT_EQ(found.why, "connection refused");
  EXPECT_EQ(found.attempts, 7U);
  EXPECT_EQ(found.died_at, later);
  EXPECT_EQ(found.event.body, event_of("a").body);
}

TEST_F(WebhookOutboxTest, HasADeadOneWaitAgainBehindAllOthers) {
  append({"a", "b"});
  bury(1);
  EXPECT_TRUE(*outbox->revive(acme, "a", later));
  EXPECT_FALSE(*outbox->revive(acme, "a", later));
  EXPECT_THAT(waiting(), ElementsAre("b", "a"));
  EXPECT_THAT(dead(), IsEmpty());
  reopen();
  append({"c"});
  EXPECT_THAT(waiting(), ElementsAre("b", "a", "c"));
  EXPECT_EQ((*outbox->find(3))->queued_at, later);
  EXPECT_EQ((*outbox->find(3))->body, event_of("a").body);
}

TEST_F(WebhookOutboxTest, ForgetsADeadOne) {
  append({"a"});
  bury(1);
  EXPECT_TRUE(*outbox->drop(acme, "a"));
  EXPECT_FALSE(*outbox->drop(acme, "a"));
  EXPECT_FALSE(*outbox->drop(acme, ""));
  EXPECT_EQ(outbox->counts().dead, 0U);
}

TEST_F(WebhookOutboxTest, KeepsTheDeadOfTenantsApart) {
  ASSERT_TRUE(outbox->append(
      std::vector{event_of("a"), event_of("b", umbrella), event_of("c"), event_of("d", umbrella)},
      {}));
  for (const auto number : {1, 2, 3, 4}) bury(static_cast<std::uint64_t>(number));
  reopen();
  EXPECT_THAT(dead(), ElementsAre("a", "c"));
  EXPECT_THAT(dead("", 2), ElementsAre("a", "c")) << "a page is full of the tenant's own";
  EXPECT_EQ(outbox->dead_of(acme), 2U);
  EXPECT_FALSE(*outbox->revive(acme, "b", later));
  EXPECT_FALSE(*outbox->drop(acme, "b"));
  EXPECT_EQ(outbox->dead_of(umbrella), 2U);
  EXPECT_TRUE(*outbox->revive(umbrella, "b", later));
  EXPECT_TRUE(*outbox->drop(umbrella, "d"));
  EXPECT_EQ(outbox->dead_of(umbrella), 0U);
  EXPECT_EQ(outbox->dead_of(acme), 2U);
  EXPECT_EQ((*outbox->find(5))->tenant, umbrella);
}

TEST_F(WebhookOutboxTest, HasTheOldestDeadMakeWay) {
  constexpr auto too_many = history::Outbox::dead_max + 3;
  std::vector<OutgoingEvent> events;
  for (std::size_t i = 0; i < too_many; ++i)
    events.push_back(event_of(std::to_string(100'000 + i)));
  ASSERT_TRUE(outbox->append(events, {}));
  for (std::size_t i = 1; i <= too_many; ++i) bury(i);
  EXPECT_EQ(outbox->counts().dead, history::Outbox::dead_max);
  EXPECT_EQ(outbox->counts().overrun, 3U);
  EXPECT_EQ(outbox->dead_of(acme), history::Outbox::dead_max);
  EXPECT_THAT(dead("", 1), ElementsAre("100003"));
  reopen();
  EXPECT_EQ(outbox->counts().dead, history::Outbox::dead_max);
}

TEST_F(WebhookOutboxTest, DropsWhatIsOfAnotherLog) {
  append({"a"}, {.position = 7, .fold_after = 3});
  bury(1);
  append({"b"}, {.position = 8, .fold_after = 3});
  outbox.emplace(directory / "webhooks");
  const auto other = open("another-log", 5);
  EXPECT_EQ(other.standing.position, 5U);
  EXPECT_THAT(other.note, HasSubstr("another log"));
  EXPECT_THAT(waiting(), IsEmpty());
  EXPECT_THAT(dead(), IsEmpty());
  EXPECT_EQ(outbox->counts().waiting, 0U);
}

TEST_F(WebhookOutboxTest, DropsWhatTheLogNoLongerHas) {
  append({"a"}, {.position = 50, .fold_after = 50});
  outbox.emplace(directory / "webhooks");
  const auto restored = open(log_id, 20);
  EXPECT_EQ(restored.standing.position, 20U);
  EXPECT_THAT(restored.note, HasSubstr("had come to 50"));
  EXPECT_THAT(waiting(), IsEmpty());
}

TEST_F(WebhookOutboxTest, SurvivesAKill) {
  append({"a", "b", "c"}, {.position = 9, .fold_after = 2});
  ASSERT_TRUE(outbox->taken(1));
  bury(2);
  testing::copy_files(directory / "webhooks", directory / "killed");
  WebhookOutbox killed(directory / "killed");
  const auto found = killed.open(log_id, 100, 100);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->standing.position, 9U);
  EXPECT_EQ(killed.waiting(0, 9)->at(0).id, "c");
  EXPECT_EQ(killed.dead(acme, "", 9)->at(0).event.id, "b");
}

TEST_F(WebhookOutboxTest, PassesOverAPositionWithANote) {
  ASSERT_TRUE(outbox->skip({.position = 42, .fold_after = 40}, "a reason", later));
  reopen();
  EXPECT_EQ(opened.standing.position, 42U);
  EXPECT_EQ(opened.standing.fold_after, 40U);
  EXPECT_THAT(opened.skipped, ElementsAre(history::Skipped{42, "a reason", later}));
}

TEST_F(WebhookOutboxTest, MayBeOpenedAgainAfterTrouble) {
  append({"a"}, {.position = 7, .fold_after = 3});
  EXPECT_EQ(open(log_id).standing.position, 7U);
  EXPECT_THAT(waiting(), ElementsAre("a"));
}

TEST_F(WebhookOutboxTest, IsEmptyBeforeItIsOpened) {
  const WebhookOutbox unopened(directory / "nothing");
  EXPECT_THAT(*unopened.waiting(0, 9), IsEmpty());
  EXPECT_THAT(*unopened.dead(acme, "", 9), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(directory / "nothing"));
}

TEST_F(WebhookOutboxTest, NamesItsDirectoryWhereItIsDamaged) {
  append({"a"});
  outbox.reset();
  const auto current = directory / "webhooks" / "CURRENT";
  testing::write_bytes(current, "nonsense\n");
  outbox.emplace(directory / "webhooks");
  const auto refused = outbox->open(log_id, 100, 100);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr((directory / "webhooks").string()));
  EXPECT_EQ(refused.error().kind, Trouble::Kind::lasting);
  EXPECT_THAT(refused.error().message, HasSubstr("remove that directory"));
}

TEST_F(WebhookOutboxTest, ReadsNoRowThatIsNone) {
  EXPECT_EQ(decode_outgoing("no such row"), std::nullopt);
  EXPECT_EQ(decode_outgoing(""), std::nullopt);
  const auto bytes = encode_outgoing({.event = event_of("a"), .died_at = later, .why = "w"});
  ASSERT_TRUE(decode_outgoing(bytes));
  for (std::size_t size = 0; size < bytes.size(); ++size)
    (void)decode_outgoing(std::string_view(bytes).substr(0, size));  // reads no further
}

}  // namespace
}  // namespace callstate::storage
