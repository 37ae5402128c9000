#include "storage/sample_records.hpp"

#include <utility>

namespace callstate::storage::testing {
namespace {

using call::Payload;
using call::UserId;

UserId user(std::string_view name) {
  return UserId::clipped(name);
}

call::Time at_second(std::int64_t second) {
  return call::Time(std::chrono::microseconds(1'750'000'000'000'000 + second * 1'000'000));
}

call::CallId call_id(std::uint8_t number) {
  call::CallId id;
  for (auto& byte : id.bytes) byte = number++;
  return id;
}

call::Record by_client(Payload payload, call::Seq seq) {
  call::Record record;
  record.stream = room_stream("standup");
  record.seq = seq;
  record.at = at_second(static_cast<std::int64_t>(seq));
  record.actor = {user("alice"), call::Role::crm_user, call::DeviceId::clipped("phone")};
  record.message_id = call::MessageId::clipped("m-" + std::to_string(seq));
  record.call = call_id(1);
  record.payload = std::move(payload);
  record.previous.fill(static_cast<std::uint8_t>(seq));
  return record;
}

call::Record by_server(call::Stream stream, Payload payload, call::Seq seq) {
  call::Record record;
  record.stream = std::move(stream);
  record.seq = seq;
  record.at = at_second(static_cast<std::int64_t>(seq));
  record.actor.user = user(call::system_actor);
  record.payload = std::move(payload);
  return record;
}

}  // namespace

call::Stream room_stream(std::string_view name) {
  return {call::StreamKind::room, call::TenantId::clipped("acme"), user(name)};
}

call::Stream user_stream(std::string_view name) {
  return {call::StreamKind::user, call::TenantId::clipped("acme"), user(name)};
}

call::Record signal_in(std::string_view room, call::Seq seq) {
  auto record = by_client(call::Signaled{user("bob"), R"({"muted":true})"}, seq);
  record.stream = room_stream(room);
  record.previous = {};
  return record;
}

std::vector<call::Record> sample_records() {
  std::vector<call::Record> records;
  const auto room = room_stream("standup");
  records.push_back(by_client(call::CallStarted{user("alice"),
                                                "Alice",
                                                {user("bob"), user("carol")},
                                                "Bob",
                                                R"({"subject":"caf\u00e9"})",
                                                at_second(45),
                                                "acme/standup"},
                              1));
  records.back().previous = {};
  records.push_back(by_client(call::CallStarted{}, 1));
  records.back().outcome = call::Outcome::refused;
  records.back().refusal = call::ErrorCode::wrong_state;
  records.push_back(by_server(room, call::CalleeOffline{user("carol")}, 2));
  records.back().call = call_id(1);
  records.push_back(by_client(call::Ringing{}, 3));
  records.back().actor.role = call::Role::portal_customer;
  records.push_back(by_client(call::Ringing{}, 3));
  records.back().outcome = call::Outcome::ignored;
  records.back().message_id = {};
  records.push_back(by_client(call::Accepted{at_second(14'400)}, 4));
  records.push_back(by_client(call::Accepted{}, 4));
  records.back().outcome = call::Outcome::refused;
  records.back().refusal = call::ErrorCode::answered_elsewhere;
  records.push_back(by_client(call::Rejected{"busy"}, 5));
  records.push_back(by_client(call::Rejected{}, 6));
  records.back().actor = {user("crm"), call::Role::service, {}};
  records.push_back(by_client(call::Invited{{user("dave")}, at_second(60)}, 7));
  records.push_back(by_client(call::Signaled{user("bob"), R"({"sdp":"v=0"})"}, 8));
  records.push_back(by_server(
      room, call::ParticipantLeft{user("bob"), call::LeaveReason::disconnected, at_second(90)}, 9));
  records.push_back(by_server(room, call::ParticipantJoined{user("bob")}, 10));
  records.push_back(
      by_client(call::ParticipantLeft{user("dave"), call::LeaveReason::hangup, {}}, 11));
  records.push_back(by_client(call::Ended{call::EndReason::hangup, "bye", 1234}, 12));
  records.push_back(by_server(room, call::TimedOut{}, 13));
  records.push_back(by_server(room, call::Ended{call::EndReason::no_answer, "", 0}, 14));
  records.push_back(by_server(user_stream("alice"), call::UserOnline{}, 1));
  records.push_back(
      by_server(user_stream("alice"), call::UserInCall{call::RoomName::clipped("standup")}, 2));
  records.push_back(by_server(user_stream("alice"), call::UserOffline{}, 3));
  records.push_back(by_server({call::StreamKind::server, {}, {}},
                              call::ServerStarted{at_second(30), at_second(10), "0.1.0"}, 1));
  records.push_back(by_server(
      room, call::MediaReported{"track_published", user("bob"), "audio", at_second(15)}, 15));
  records.back().call = call_id(1);
  records.back().message_id = call::MessageId::clipped("EV_1");
  records.push_back(by_server(room, call::MediaReported{"room_finished", {}, {}, {}}, 15));
  records.back().outcome = call::Outcome::ignored;
  records.push_back(by_server(room, call::Ended{call::EndReason::media_finished, "", 7}, 16));
  records.push_back(by_client(call::Revoked{at_second(16)}, 4));
  records.back().stream = user_stream("alice");
  records.back().actor = {user("crm"), call::Role::service, {}};
  const call::KnownRole customer = call::Role::portal_customer;
  records.push_back(by_client(call::CallStarted{.caller = user("alice"),
                                                .caller_name = {},
                                                .callees = {user("bob"), user("carol")},
                                                .callee_name = {},
                                                .metadata = {},
                                                .ring_deadline = at_second(45),
                                                .callee_roles = {customer, std::nullopt},
                                                .caller_role = call::Role::crm_user},
                              17));
  records.back().actor = {user("crm"), call::Role::service, {}};
  records.push_back(by_client(
      call::Invited{.callees = {user("dave")}, .ring_deadline = {}, .callee_roles = {customer}},
      18));
  call::Sealed sealed{.first = 4'096,
                      .last = 8'191,
                      .root = {1, 2, 3},
                      .previous_seal = 4'096,
                      .previous = {4, 5},
                      .log_id = "0d9e6c1e-6a63-4f2e-9f0f-6c0f3c7a4f55",
                      .key = {6},
                      .signature = {7, 8}};
  const call::Stream server{call::StreamKind::server, {}, {}};
  records.push_back(by_server(server, sealed, 2));
  sealed.previous_seal = 0;
  sealed.previous = {};
  sealed.key = {};
  sealed.signature = {};
  records.push_back(by_server(server, sealed, 3));
  return records;
}

}  // namespace callstate::storage::testing
