#include "projections/postgres/calls.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "core/call/life.hpp"
#include "core/history/call_history.hpp"

namespace callstate::projections::postgres {
namespace {

using call::Record;

// As a client may send it, and as jsonb gives it back.
struct Shape {
  std::string_view sent;
  std::string_view kept;
};
constexpr std::array<Shape, 9> shapes{{
    {"", ""},
    {R"({"case":17,"urgent":true})", R"({"case": 17, "urgent": true})"},
    {R"({"b":{},"a":[]})", R"({"a": [], "b": {}})"},
    {R"({"z":"\u0000"})", R"({"z":"\u0000"})"},
    {R"({"n":-0,"m":1e-999})", R"({"n":-0,"m":1e-999})"},
    {R"({"$json":"mine"})", R"({"$json":"mine"})"},
    {"{\"t\":\"tab\\tquote\\\"back\\\\slash\"}", "{\"t\": \"tab\\tquote\\\"back\\\\slash\"}"},
    {"{\"🦊\":\"naïve\",\"n\":12345678901234567890.5}",
     "{\"n\": 12345678901234567890.5, \"🦊\": \"naïve\"}"},
    {R"({"":null,"e":1e5})", R"({"": null, "e": 100000})"},
}};

std::string kept(const std::string& metadata) {
  const auto* found = std::ranges::find(shapes, std::string_view(metadata), &Shape::sent);
  return std::string(found == shapes.end() ? std::string_view(metadata) : found->kept);
}

constexpr std::array<std::string_view, 5> names{"Anna \"the\tfox\"", "back\\slash\nline", "\\N",
                                                "Zoë 🦊 'quoted'", ""};

/// The same life in a room of its own, with what random lives lack.
void dress(Record& record, std::size_t room) {
  if (record.stream.kind != call::StreamKind::room) return;
  record.stream.name = call::UserId::clipped("room-" + std::to_string(room));
  record.stream.tenant = call::TenantId::clipped(room % 3 == 0 ? "acme" : "globex");
  if (!record.call.empty()) {
    record.call.bytes[2] = static_cast<std::uint8_t>(room >> 8U);
    record.call.bytes[3] = static_cast<std::uint8_t>(room);
  }
  const bool customer = record.actor.user.view() == "bob" || record.actor.user.view() == "eve";
  if (customer && record.actor.role == call::Role::crm_user) {
    record.actor.role = call::Role::portal_customer;
  }
  const auto chosen = static_cast<std::size_t>(record.position) + room;
  if (record.position % 2 == 0) {
    record.message_id = call::MessageId::clipped("m-" + std::to_string(chosen));
  }
  if (auto* started = std::get_if<call::CallStarted>(&record.payload)) {
    started->metadata = shapes.at(chosen % shapes.size()).sent;
    started->caller_name = names.at(chosen % names.size());
    started->callee_name = names.at((chosen + 1) % names.size());
  }
}

std::string microseconds(call::Time time) {
  return std::to_string(time.time_since_epoch().count());
}
std::string or_null(std::string_view text) {
  return text.empty() ? "∅" : std::string(text);
}
std::string or_null(call::Time time) {
  return time == call::Time{} ? "∅" : microseconds(time);
}

std::string line(const std::vector<std::string>& fields) {
  std::string made;
  for (const auto& field : fields) made.append(field).append(" | ");
  return made;
}

std::vector<std::string> sides(const history::CallRow& row) {
  std::vector<std::string> made(4, "∅");
  for (std::size_t i = 0; i < std::min<std::size_t>(row.parties.size(), 2); ++i) {
    const bool customer = row.parties[i].role == call::Role::portal_customer;
    made[i + (customer ? 2 : 0)] = row.parties[i].user.view();
  }
  return made;
}

std::string expected_call(const history::CallRow& row) {
  std::string people;
  for (const auto& party : row.parties) {
    people.append(people.empty() ? "" : ", ").append("{\"role\": ");
    people += party.role ? '"' + std::string(name_of(*party.role)) + '"' : "null";
    people.append(", \"user\": \"").append(party.user.view()).append("\"}");
  }
  std::vector<std::string> fields{std::string(row.tenant.view()), std::string(row.room.view())};
  for (const auto& side : sides(row)) fields.push_back(side);
  for (const auto& field :
       {or_null(row.caller_name), or_null(row.callee_name), std::string(name_of(row.status)),
        microseconds(row.started_at), or_null(row.answered_at), or_null(row.ended_at),
        or_null(row.ring_deadline),
        is_live(row.status) ? std::string("∅") : std::to_string(row.duration_s),
        or_null(name_of(row.end_reason)), or_null(row.end_detail), or_null(kept(row.metadata)),
        '[' + people + ']', std::to_string(row.started_position),
        std::to_string(row.changed_position)}) {
    fields.push_back(field);
  }
  return line(fields);
}

std::string expected_event(const history::EventRow& row) {
  const auto& record = row.record;
  const auto payload = R"({"type": ")" + std::string(type_of(record.payload)) + R"(", "number": )" +
                       std::to_string(record.position) + "}";
  return line({std::string(record.stream.tenant.view()),
               record.call.empty() ? "∅" : to_string(record.call), or_null(row.caller.view()),
               or_null(row.callee.view()), std::string(record.stream.name.view()),
               std::string(type_of(record.payload)), std::string(name_of(record.outcome)),
               record.refusal == call::ErrorCode::none ? "∅" : std::string(name_of(record.refusal)),
               payload, microseconds(record.at), std::to_string(record.seq),
               std::string(record.actor.user.view()), std::string(name_of(record.actor.role)),
               or_null(record.actor.device.view()), or_null(record.message_id.view())});
}

Lines lines_of(const std::vector<std::vector<std::string>>& rows) {
  Lines lines;
  for (const auto& row : rows) {
    const auto text = line({row.begin() + 1, row.end()});
    EXPECT_TRUE(lines.emplace(row.front(), text).second) << row.front() << " is there twice";
  }
  return lines;
}

void expect_same(const Lines& found, const Lines& expected, const char* what) {
  EXPECT_EQ(found.size(), expected.size()) << what;
  int complaints = 0;
  for (const auto& [key, text] : expected) {
    const auto row = found.find(key);
    if (row != found.end() && row->second == text) continue;
    ADD_FAILURE() << what << " " << key << "\nshould be " << text << "\nis        "
                  << (row == found.end() ? "missing" : row->second);
    if (++complaints == 5) return;
  }
}

}  // namespace

std::vector<Record> random_records(std::uint64_t seed, std::size_t rooms, int steps) {
  std::vector<call::Life> lives;
  for (std::size_t room = 0; room < rooms; ++room) lives.emplace_back(seed * 1'000 + room);
  std::vector<std::size_t> told(rooms, 0);
  std::vector<Record> all;
  for (int step = 0; step < steps; ++step) {
    for (std::size_t room = 0; room < rooms; ++room) {
      auto& world = lives[room].world;
      lives[room].step();
      for (; told[room] < world.log.size(); ++told[room]) {
        auto record = world.log[told[room]];
        if (record.stream.kind == call::StreamKind::server) record.seq = all.size() + 1;
        dress(record, room);
        record.position = all.size() + 1;
        all.push_back(std::move(record));
      }
    }
  }
  return all;
}

std::vector<Record> plain_records(std::size_t calls, std::size_t first) {
  std::vector<Record> all;
  for (std::size_t number = first; number < first + calls; ++number) {
    auto world = call::World::ended();
    for (auto record : world.log) {
      record.stream.name = call::UserId::clipped("plain-" + std::to_string(number));
      for (std::size_t i = 0; i < 4; ++i) {
        record.call.bytes[2 + i] = static_cast<std::uint8_t>(number >> (24 - 8 * i));
      }
      record.at += std::chrono::seconds(number);
      record.position = all.size() + 1;
      all.push_back(std::move(record));
    }
  }
  return all;
}

void append(support::MemoryLog& log, const std::vector<Record>& records) {
  auto batch = log.begin();
  for (auto record : records) batch->add(record);
  ASSERT_TRUE(log.commit(std::move(batch)));
}

std::string payload_of(const Record& record) {
  return R"({"number":)" + std::to_string(record.position) + R"(,"type":")" +
         std::string(type_of(record.payload)) + R"("})";
}

History expected_tables(const std::vector<Record>& records) {
  history::CallHistory fold;
  for (const auto& record : records) fold.add(record);
  const auto changes = fold.take();
  History made;
  for (const auto& row : changes.calls) made.calls[to_string(row.id)] = expected_call(row);
  for (const auto& row : changes.events) {
    made.events[std::to_string(row.record.position)] = expected_event(row);
  }
  return made;
}

History found_tables(const Query& all) {
  const std::string us = R"((extract(epoch from "%") * 1000000)::bigint)";
  const auto time = [&](const std::string& column) {
    auto text = us;
    return text.replace(text.find('%'), 1, column);
  };
  History found;
  found.calls = lines_of(all(
      R"(SELECT "id", "tenantId", "roomName", "fromUserId", "toUserId", "fromPortalCustomerId",
         "toPortalCustomerId", "callerName", "calleeName", "status", )" +
      time("startedAt") + "," + time("answeredAt") + "," + time("endedAt") + "," +
      time("ringDeadline") +
      R"(, "duration", "endReason", "endDetail", coalesce("metadata" ->> '$json', "metadata"::text),
         "participants", "position", "changedPosition" FROM "CallLog")"));
  found.events = lines_of(all(
      R"(SELECT "position", "tenantId", "callId", "callerId", "calleeId", "roomName", "eventType",
         "outcome", "code", "payload", )" +
      time("createdAt") + R"(, "seq", "actorId", "actorRole", "deviceId", "messageId"
         FROM "CallEvent")"));
  return found;
}

void expect_same(const History& found, const History& expected) {
  expect_same(found.calls, expected.calls, "call");
  expect_same(found.events, expected.events, "event");
}

}  // namespace callstate::projections::postgres
