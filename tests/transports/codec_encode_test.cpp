#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <string>

#include "transports/codec.hpp"

namespace callstate::transports {
namespace {

namespace json = boost::json;
using std::chrono::microseconds;

// 2026-11-23T01:02:03.000456Z
constexpr call::Time some_time{microseconds(1'795'395'723'000'456)};
constexpr auto some_time_text = "2026-11-23T01:02:03.000456Z";

template <class Text>
Text id(std::string_view text) {
  return Text::clipped(text);
}
call::UserId user(std::string_view text) {
  return id<call::UserId>(text);
}

call::CallId some_call() {
  return *call::parse_call_id("0190d6a4-7f6b-7c3e-9a51-1f2e3d4c5b6a");
}

call::Record record_of(call::Payload payload) {
  call::Record record;
  record.position = 18'446'744'073'709'551'615U;
  record.stream = {call::StreamKind::room, id<call::TenantId>("acme"), user("room.1")};
  record.seq = 7;
  record.at = some_time;
  record.actor = {user("ann"), call::Role::crm_user, id<call::DeviceId>("phone")};
  record.call = some_call();
  record.payload = std::move(payload);
  return record;
}

json::object parsed(const engine::ServerMessage& message, const Viewer& viewer = {}) {
  const std::string text = encode(message, viewer);
  boost::system::error_code ec;
  const json::value value = json::parse(text, ec);
  EXPECT_FALSE(ec) << text;
  return value.is_object() ? value.as_object() : json::object();
}

/// The event's own fields, after those of every event have been looked at.
std::string own(call::Payload payload, const Viewer& viewer = {}) {
  const std::string type(call::type_of(payload));
  const std::string text = encode(engine::Event{record_of(std::move(payload))}, viewer);
  parsed(engine::Event{record_of(call::Ringing{})});
  const std::string start =
      R"({"type":")" + type +
      R"(","roomName":"room.1","seq":7,"pos":18446744073709551615,"at":"2026-11-23T01:02:03.000456Z",)"
      R"("callId":"0190d6a4-7f6b-7c3e-9a51-1f2e3d4c5b6a","by":"ann")";
  EXPECT_EQ(text.substr(0, start.size()), start);
  boost::system::error_code ec;
  json::parse(text, ec);
  EXPECT_FALSE(ec) << text;
  return text.size() > start.size() ? text.substr(start.size()) : "";
}

TEST(Encode, CallStarted) {
  EXPECT_EQ(own(call::CallStarted{
                user("ann"), "Ann", {user("bob"), user("cy")}, "Bob", R"({"n":1.10})", some_time}),
            R"(,"callerId":"ann","callerName":"Ann","calleeId":"bob","calleeIds":["bob","cy"],)"
            R"("calleeName":"Bob","ringDeadline":"2026-11-23T01:02:03.000456Z",)"
            R"("metadata":{"n":1.10}})");
  EXPECT_NE(own(call::CallStarted{user("ann"), "", {user("bob")}, "", "", some_time})
                .find(R"("calleeIds":["bob"],"calleeName":"",)"),
            std::string::npos);
}

TEST(Encode, TheEventsOfACall) {
  EXPECT_EQ(own(call::Ringing{}), R"(,"userId":"ann","deviceId":"phone"})");
  EXPECT_EQ(own(call::Accepted{some_time}), R"(,"acceptedBy":"ann"})");
  EXPECT_EQ(own(call::Rejected{""}), R"(,"rejectedBy":"ann","reason":"rejected"})");
  EXPECT_EQ(own(call::Rejected{"busy"}), R"(,"rejectedBy":"ann","reason":"busy"})");
  EXPECT_EQ(own(call::Ended{call::EndReason::hangup, "", 61}),
            R"(,"endedBy":"ann","reason":"hangup","duration":61})");
  EXPECT_EQ(own(call::Ended{call::EndReason::cancelled, "mis\"dial", 0}),
            R"(,"endedBy":"ann","reason":"cancelled","duration":0,"detail":"mis\"dial"})");
  EXPECT_EQ(own(call::TimedOut{}), "}");
  EXPECT_EQ(own(call::CalleeOffline{user("bob")}), R"(,"calleeId":"bob"})");
  EXPECT_EQ(
      own(call::Invited{{user("cy")}, some_time}),
      R"(,"calleeIds":["cy"],"invitedBy":"ann","ringDeadline":"2026-11-23T01:02:03.000456Z"})");
  EXPECT_EQ(own(call::ParticipantJoined{user("bob")}),
            R"(,"userId":"bob","participant":{"userId":"bob"}})");
  EXPECT_EQ(own(call::ParticipantLeft{user("bob"), call::LeaveReason::disconnected, some_time}),
            R"(,"userId":"bob","reason":"disconnected"})");
}

TEST(Encode, WhatTheMediaServerReports) {
  EXPECT_EQ(own(call::MediaReported{"track_published", user("bob"), "audio", some_time}),
            R"(,"event":"track_published","userId":"bob","detail":"audio",)"
            R"("reportedAt":"2026-11-23T01:02:03.000456Z"})");
  EXPECT_EQ(own(call::MediaReported{"room_finished", {}, {}, {}}), R"(,"event":"room_finished"})");
}

TEST(Encode, TheMediaServersNameForTheRoomIsNotTold) {
  EXPECT_EQ(own(call::CallStarted{user("ann"), "", {user("bob")}, "", "", some_time, "acme/room.1"})
                .find("acme"),
            std::string::npos);
  engine::RoomState state{id<call::RoomName>("room.1"), {}};
  state.room.media_room = "acme/room.1";
  EXPECT_EQ(encode(state).find("acme"), std::string::npos);
}

TEST(Encode, OnlyTheTwoEndsSeeASignalsData) {
  const call::Signaled signal{user("bob"), R"({"sdp":"v=0"})"};
  EXPECT_EQ(own(signal), R"(,"from":"ann","to":"bob"})");
  EXPECT_EQ(own(signal, {.everything = true}),
            R"(,"deviceId":"phone","from":"ann","to":"bob","data":{"sdp":"v=0"}})");
}

TEST(Encode, WhoSeesEverythingIsToldTheDeviceOnce) {
  EXPECT_EQ(own(call::Accepted{}), R"(,"acceptedBy":"ann"})");
  EXPECT_EQ(own(call::Accepted{}, {.everything = true}),
            R"(,"deviceId":"phone","acceptedBy":"ann"})");
  const auto ringing = own(call::Ringing{});
  EXPECT_EQ(ringing, R"(,"userId":"ann","deviceId":"phone"})");
  EXPECT_EQ(own(call::Ringing{}, {.everything = true}), ringing);
}

TEST(Encode, Presence) {
  call::Record record = record_of(call::UserOnline{});
  record.stream = {call::StreamKind::user, id<call::TenantId>("acme"), user("bob")};
  record.call = {};
  auto event = parsed(engine::Event{record});
  EXPECT_EQ(event["type"], "USER_ONLINE");
  EXPECT_EQ(event["userId"], "bob");
  EXPECT_EQ(event["tenantId"], "acme");
  EXPECT_TRUE(event["callId"].is_null());
  EXPECT_FALSE(event.contains("roomName"));

  record.payload = call::UserOffline{};
  EXPECT_EQ(parsed(engine::Event{record})["type"], "USER_OFFLINE");

  record.payload = call::UserInCall{id<call::RoomName>("room.1")};
  event = parsed(engine::Event{record});
  EXPECT_EQ(event["userId"], "bob");
  EXPECT_EQ(event["roomName"], "room.1");

  record.payload = call::Revoked{some_time};
  event = parsed(engine::Event{record});
  EXPECT_EQ(event["type"], "USER_REVOKED");
  EXPECT_EQ(event["userId"], "bob");
  EXPECT_EQ(event["tenantId"], "acme");

  record.stream = {call::StreamKind::server, {}, {}};
  record.payload = call::ServerStarted{some_time, some_time, "1.0"};
  EXPECT_EQ(parsed(engine::Event{record})["type"], "SERVER_STARTED");
}

TEST(Encode, AHistorySaysWhatWasRefused) {
  call::Record record = record_of(call::Accepted{});
  record.outcome = call::Outcome::refused;
  record.refusal = call::ErrorCode::wrong_state;
  const auto event = parsed(engine::Event{record});
  EXPECT_EQ(event.at("outcome"), "refused");
  EXPECT_EQ(event.at("code"), "WRONG_STATE");
}

TEST(Encode, RoomState) {
  engine::RoomState state{id<call::RoomName>("room.1"), {}};
  EXPECT_EQ(encode(state),
            R"({"type":"ROOM_STATE","roomName":"room.1","callId":null,"callState":"IDLE",)"
            R"("participants":[],"seq":0,"pos":0})");

  state.room.state = call::CallState::ringing;
  state.room.call = some_call();
  state.room.seq = 3;
  state.room.position = 9;
  state.room.started_at = some_time;
  state.room.ring_deadline = some_time;
  call::Participant ann;
  ann.user = user("ann");
  ann.role = call::CallRole::caller;
  ann.state = call::ParticipantState::joined;
  state.room.participants.push_back(ann);
  EXPECT_EQ(encode(state),
            R"({"type":"ROOM_STATE","roomName":"room.1",)"
            R"("callId":"0190d6a4-7f6b-7c3e-9a51-1f2e3d4c5b6a","callState":"RINGING",)"
            R"("participants":[{"userId":"ann","role":"caller","state":"joined"}],)"
            R"("startedAt":"2026-11-23T01:02:03.000456Z",)"
            R"("ringDeadline":"2026-11-23T01:02:03.000456Z","seq":3,"pos":9})");

  state.room.state = call::CallState::ended;
  state.room.answered_at = some_time;
  state.room.ended_at = some_time;
  state.room.end_reason = call::EndReason::no_answer;
  auto ended = parsed(state);
  EXPECT_EQ(ended["answeredAt"], some_time_text);
  EXPECT_EQ(ended["endedAt"], some_time_text);
  EXPECT_EQ(ended["endReason"], "no_answer");
  EXPECT_FALSE(ended.contains("ringDeadline"));
}

TEST(Encode, Answers) {
  EXPECT_EQ(encode(engine::Ack{id<call::MessageId>("m"), id<call::RoomName>("r"), 2, 5,
                               call::Outcome::ignored, true}),
            R"({"type":"ACK","id":"m","roomName":"r","seq":2,"pos":5,"outcome":"ignored",)"
            R"("duplicate":true})");
  EXPECT_EQ(encode(engine::AnsweredElsewhere{id<call::RoomName>("r"), some_call(), 5}),
            R"({"type":"ANSWERED_ELSEWHERE","roomName":"r",)"
            R"("callId":"0190d6a4-7f6b-7c3e-9a51-1f2e3d4c5b6a","pos":5})");
  EXPECT_EQ(encode(engine::Refusal{{call::ErrorCode::internal, "sorry"}, {}, {}, {}, {}}),
            R"({"type":"ERROR","code":"INTERNAL","message":"sorry"})");
  EXPECT_EQ(encode(engine::Refusal{{call::ErrorCode::glare, "x"},
                                   id<call::MessageId>("m"),
                                   id<call::RoomName>("r"),
                                   id<call::RoomName>("other"),
                                   250}),
            R"({"type":"ERROR","code":"GLARE","message":"x","id":"m","roomName":"r",)"
            R"("glareRoom":"other","retryAfterMs":250})");
  EXPECT_EQ(pong({}), R"({"type":"PONG"})");
  EXPECT_EQ(pong(call::MessageId::clipped("p1")), R"({"type":"PONG","id":"p1"})");
  EXPECT_EQ(auth_ack(call::MessageId::clipped("a1")),
            R"({"type":"ACK","id":"a1","outcome":"applied","duplicate":false})");
}

TEST(Encode, AnyTextBecomesValidJson) {
  std::string all;
  for (int c = 0; c < 256; ++c) all.push_back(static_cast<char>(c));
  all += "\xe2\x82\xac\xf0\x9f\x98\x80\xed\xa0\x80\xf4\x90\x80\x80\xe0\x80\x80\xf0\x9f";
  const auto event = parsed(engine::Event{record_of(call::Rejected{all})});
  const auto& reason = event.at("reason").as_string();
  EXPECT_EQ(std::string_view(reason).substr(0, 128), std::string_view(all).substr(0, 128));
  EXPECT_NE(std::string_view(reason).find("\xe2\x82\xac\xf0\x9f\x98\x80\xef\xbf\xbd"),
            std::string_view::npos);
}

TEST(Encode, TimesBeforeAndBeyondReason) {
  call::Record record = record_of(call::TimedOut{});
  record.at = call::Time::min();
  EXPECT_EQ(parsed(engine::Event{record}).at("at"), "0000-01-01T00:00:00.000000Z");
  record.at = call::Time::max();
  EXPECT_EQ(parsed(engine::Event{record}).at("at"), "9999-12-31T23:59:59.999999Z");
  record.at = call::Time(microseconds(-1));
  EXPECT_EQ(parsed(engine::Event{record}).at("at"), "1969-12-31T23:59:59.999999Z");
  record.at = call::Time(std::chrono::sys_days(std::chrono::year(2028) / 2 / 29));
  EXPECT_EQ(parsed(engine::Event{record}).at("at"), "2028-02-29T00:00:00.000000Z");
}

}  // namespace
}  // namespace callstate::transports
