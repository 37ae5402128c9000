#include "tools/callstate/report/rules.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "core/call/evolve.hpp"

namespace callstate::tools {
namespace {

/// The text of docs/domain.md under each of its headings.
std::map<std::string, std::string> page() {
  std::map<std::string, std::string> sections;
  std::ifstream file(CALLSTATE_RULES_PAGE);
  std::string section;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("#")) {
      section = line.substr(line.find_first_not_of("# "));
    } else {
      sections[section] += line + "\n";
    }
  }
  return sections;
}

TEST(Rules, StandInTheDocumentationWordByWord) {
  const auto sections = page();
  for (const auto& rule : all_rules()) {
    const auto section = sections.find(std::string(rule.section));
    ASSERT_NE(section, sections.end()) << rule.section;
    const std::string row = rule.subject.empty() ? std::string(rule.says)
                                                 : "| " + std::string(rule.subject) + " | " +
                                                       std::string(rule.says) + " |\n";
    EXPECT_NE(section->second.find(row), std::string::npos) << rule.section << ": " << row;
  }
}

/// Every state of a room that a two-party call and a group come through.
std::vector<call::Room> rooms() {
  std::vector<call::Room> all(1);
  const auto user = [](std::string_view name) { return call::UserId::clipped(name); };
  for (const bool group : {false, true}) {
    call::Room room;
    const auto add = [&](std::string_view who, call::Payload payload) {
      call::Record record;
      record.position = room.position + 1;
      record.seq = room.seq + 1;
      record.call.bytes[0] = 1;
      record.actor = {user(who), call::Role::crm_user, call::DeviceId::clipped("phone")};
      record.payload = std::move(payload);
      call::evolve(room, record);
      all.push_back(room);
    };
    call::CallStarted started;
    started.caller = user("ann");
    started.callees = {user("bob")};
    if (group) started.callees = {user("bob"), user("cem"), user("dan"), user("eva")};
    add("ann", started);
    add("bob", call::Ringing{});
    if (group) add("dan", call::Rejected{});
    add("bob", call::Accepted{});
    if (group) add("cem", call::Accepted{});
    if (group) add("cem", call::ParticipantLeft{user("cem"), call::LeaveReason::hangup, {}});
    add("ann", call::Ended{.reason = call::EndReason::hangup, .detail = {}});
  }
  return all;
}

/// Whether what a rule says can give such a verdict.
bool agrees(const Rule& rule, call::Outcome outcome) {
  const auto has = [&](std::string_view word) { return rule.says.find(word) != rule.says.npos; };
  if (has("as in")) return true;
  switch (outcome) {
    case call::Outcome::applied:
      return has("applied");
    case call::Outcome::ignored:
      return has("gnored");
    case call::Outcome::refused:
      return has("`FORBIDDEN`") || has("`IDENTITY_MISMATCH`") || has("`WRONG_STATE`") ||
             has("`NOT_PARTICIPANT`") || has("`INVALID_MESSAGE`") || has("`GLARE`") ||
             has("`ANSWERED_ELSEWHERE`");
  }
  return false;
}

TEST(Rules, EveryVerdictHasOneThatAgreesWithIt) {
  const call::Rules defaults;
  const std::function<bool(const call::UserId&)> online = [](const call::UserId&) { return true; };
  const std::function<std::optional<call::RoomName>(const call::UserId&, const call::UserId&)>
      nowhere = [](const call::UserId&, const call::UserId&) { return std::nullopt; };
  const call::Context context{.now = call::Time(std::chrono::hours(1)),
                              .new_call = {},
                              .rules = defaults,
                              .online = online,
                              .ringing_room = nowhere};
  const auto user = [](std::string_view name) { return call::UserId::clipped(name); };
  const std::vector<call::MessageBody> bodies{call::StartCall{{user("zoe")}, "", "", ""},
                                              call::StartCall{{}, "", "", ""},
                                              call::Ring{},
                                              call::Accept{},
                                              call::Reject{},
                                              call::End{},
                                              call::Invite{{user("zoe")}},
                                              call::Invite{{user("bob")}},
                                              call::Signal{user("bob"), "{}"},
                                              call::Signal{user("ann"), "{}"}};
  std::size_t seen = 0;
  for (const auto& room : rooms()) {
    for (const auto& body : bodies) {
      for (const auto* who : {"ann", "bob", "cem", "dan", "eva", "eve"}) {
        for (const auto* device : {"phone", "tablet"}) {
          for (const auto role : {call::Role::crm_user, call::Role::auditor}) {
            const call::Message message{
                .room = call::RoomName::clipped("r"), .id = {}, .sender = {}, .body = body};
            const call::Sender sender{.tenant = call::TenantId::clipped("t"),
                                      .user = user(who),
                                      .role = role,
                                      .device = call::DeviceId::clipped(device),
                                      .name = {}};
            const auto verdict = call::decide(room, message, sender, context);
            const auto& rule = rule_of(room, message, sender.user, verdict);
            EXPECT_TRUE(agrees(rule, verdict.outcome))
                << name_of(verdict.outcome) << " " << verdict.refusal.message << " in "
                << name_of(room.state) << ", by " << rule.section << ": " << rule.subject << " "
                << rule.says;
            ++seen;
          }
        }
      }
    }
  }
  EXPECT_GT(seen, 1'000U);
}

}  // namespace
}  // namespace callstate::tools
