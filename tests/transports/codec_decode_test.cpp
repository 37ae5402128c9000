#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <random>
#include <string>

#include "transports/codec.hpp"

namespace callstate::transports {
namespace {

using call::ErrorCode;

call::RoomName room(std::string_view name) {
  return call::RoomName::clipped(name);
}

ClientMessage good(std::string_view text, std::string_view default_room = "") {
  auto decoded = decode(text, room(default_room));
  if (!decoded) {
    ADD_FAILURE() << text << ": " << decoded.error().error.message;
    return Ping{};
  }
  return *std::move(decoded);
}

call::Message message(std::string_view text, std::string_view default_room = "") {
  const ClientMessage decoded = good(text, default_room);
  const auto* found = std::get_if<call::Message>(&decoded);
  if (found == nullptr) {
    ADD_FAILURE() << text << " is no signaling message";
    return {};
  }
  return *found;
}

DecodeFailure bad(std::string_view text, std::string_view default_room = "") {
  const auto decoded = decode(text, room(default_room));
  if (decoded) {
    ADD_FAILURE() << text << " was accepted";
    return {};
  }
  return decoded.error();
}

void expect_invalid(std::string_view text, std::string_view sentence) {
  const DecodeFailure failure = bad(text);
  EXPECT_EQ(failure.error.code, ErrorCode::invalid_message) << text;
  EXPECT_EQ(failure.error.message, sentence) << text;
}

std::string repeat(std::string_view text, std::size_t times) {
  std::string made;
  for (std::size_t i = 0; i < times; ++i) made += text;
  return made;
}

// Every type, as it should be.

TEST(Decode, CallStartedWithEverything) {
  const auto decoded = message(
      R"({"type":"CALL_STARTED","id":"m1","roomName":"r.1","calleeId":"bob","callerId":"ann",)"
      R"("callerName":"Ann","calleeName":"Bob \u00e9\ud83d\ude00","metadata":{"a":[1,null]},"x":1})");
  EXPECT_EQ(decoded.room.view(), "r.1");
  EXPECT_EQ(decoded.id.view(), "m1");
  EXPECT_EQ(decoded.sender->view(), "ann");
  const auto& start = std::get<call::StartCall>(decoded.body);
  ASSERT_EQ(start.callees.size(), 1U);
  EXPECT_EQ(start.callees[0].view(), "bob");
  EXPECT_EQ(start.caller_name, "Ann");
  EXPECT_EQ(start.callee_name, "Bob \u00e9\U0001F600");
  EXPECT_EQ(start.metadata, R"({"a":[1,null]})");
}

TEST(Decode, CalleeIdsKeepTheirOrder) {
  const auto decoded =
      message(R"({"type":"CALL_STARTED","roomName":"r","calleeIds":["c","a","b"],"calleeId":"a"})");
  const auto& callees = std::get<call::StartCall>(decoded.body).callees;
  ASSERT_EQ(callees.size(), 3U);
  EXPECT_EQ(callees[0].view(), "c");
  EXPECT_EQ(callees[2].view(), "b");
}

TEST(Decode, TheMessagesOfACall) {
  using std::holds_alternative;
  const auto ring = message(R"({"type":"RINGING","roomName":"r","userId":"u"})");
  EXPECT_TRUE(holds_alternative<call::Ring>(ring.body));
  EXPECT_EQ(ring.sender->view(), "u");
  EXPECT_TRUE(ring.id.empty());

  const auto accept = message(R"({"type":"ACCEPTED","roomName":"r","acceptedBy":"u"})");
  EXPECT_TRUE(holds_alternative<call::Accept>(accept.body));
  EXPECT_EQ(accept.sender->view(), "u");

  const auto reject =
      message(R"({"type":"REJECTED","roomName":"r","rejectedBy":"u","reason":"busy"})");
  EXPECT_EQ(std::get<call::Reject>(reject.body).reason, "busy");
  EXPECT_EQ(reject.sender->view(), "u");

  const auto end = message(R"({"type":"ENDED","roomName":"r","endedBy":"u","reason":"bye"})");
  EXPECT_EQ(std::get<call::End>(end.body).reason, "bye");
  EXPECT_EQ(end.sender->view(), "u");

  const auto invite =
      message(R"({"type":"INVITED","roomName":"r","calleeIds":["x","y"],"invitedBy":"u"})");
  EXPECT_EQ(std::get<call::Invite>(invite.body).callees.size(), 2U);
  EXPECT_EQ(invite.sender->view(), "u");

  const auto signal =
      message(R"({"type":"SIGNAL","roomName":"r","to":"x","data":{"sdp":"v=0\r\n"},"from":"u"})");
  EXPECT_EQ(std::get<call::Signal>(signal.body).to.view(), "x");
  EXPECT_EQ(std::get<call::Signal>(signal.body).data, R"({"sdp":"v=0\r\n"})");
  EXPECT_EQ(signal.sender->view(), "u");
}

TEST(Decode, TheMessagesOfASession) {
  const auto join = std::get<JoinRequest>(good(R"({"type":"JOIN","roomName":"r","since":17})"));
  EXPECT_EQ(join.room.view(), "r");
  EXPECT_EQ(join.since, 17U);
  const auto plain = std::get<JoinRequest>(good(R"({"type":"JOIN","roomName":"r","id":"i"})"));
  EXPECT_FALSE(plain.since.has_value());
  EXPECT_EQ(plain.id.view(), "i");
  EXPECT_EQ(std::get<LeaveRequest>(good(R"({"type":"LEAVE","roomName":"r"})")).room.view(), "r");
  EXPECT_EQ(std::get<AuthRequest>(good(R"({"type":"AUTH","token":"a.b.c"})")).token, "a.b.c");
  EXPECT_TRUE(std::holds_alternative<Ping>(good(R"({"type":"PING"})")));
}

TEST(Decode, TheSessionsRoomIsTheDefault) {
  EXPECT_EQ(message(R"({"type":"RINGING"})", "mine").room.view(), "mine");
  EXPECT_EQ(message(R"({"type":"RINGING","roomName":null})", "mine").room.view(), "mine");
  EXPECT_EQ(message(R"({"type":"RINGING","roomName":"other"})", "mine").room.view(), "other");
}

TEST(Decode, NullIsAbsent) {
  const auto decoded =
      message(R"({"type":"CALL_STARTED","id":null,"roomName":"r","calleeId":"b","calleeIds":null,)"
              R"("callerId":null,"callerName":null,"calleeName":null,"metadata":null})");
  EXPECT_TRUE(decoded.id.empty());
  EXPECT_FALSE(decoded.sender.has_value());
  EXPECT_EQ(std::get<call::StartCall>(decoded.body).metadata, "");
  expect_invalid(R"({"type":"RINGING","roomName":null})", "roomName is missing");
}

TEST(Decode, UnknownFieldsAreIgnored) {
  message(R"({"type":"RINGING","roomName":"r","x":{"y":[{},[],1.5e3,true,false,null,"\n"]}})");
  message(R"({"type":"RINGING","roomName":"r","reason":12,"calleeId":false})");
}

TEST(Decode, MetadataIsLossless) {
  const auto metadata = [](std::string_view json) {
    std::string text = R"({"type":"CALL_STARTED","roomName":"r","calleeId":"b","metadata":)";
    text += json;
    text += "}";
    return std::get<call::StartCall>(message(text).body).metadata;
  };
  EXPECT_EQ(metadata(R"({ "n" : 12345678901234567890123 , "d":1.10,"e":-0,"f":1E+2 })"),
            R"({"n":12345678901234567890123,"d":1.10,"e":-0,"f":1E+2})");
  EXPECT_EQ(metadata(R"({"z":"\u0000\u001f\"\\\/","k\n":[[ ],{ }]})"),
            R"({"z":"\u0000\u001f\"\\/","k\n":[[],{}]})");
  EXPECT_EQ(metadata("{}"), "{}");
}

// The frame itself.

TEST(Decode, WhatIsNoJsonObject) {
  for (const char* text :
       {"", " ", "hello", "{", "{}}", "{\"type\":\"PING\"}x", "{\"type\":\"PING\"}{}", "[1,]",
        "{'type':'PING'}", "{\"type\":\"PING\",}", "{\"a\":01}", "{\"a\":.5}", "{\"a\":NaN}",
        "{\"a\":\"\t\"}", "{\"a\":\"\\x\"}", "{\"a\":\"\\ud800\"}", "{/**/}", "\xEF\xBB\xBF{}"}) {
    EXPECT_EQ(bad(text).error.code, ErrorCode::invalid_message) << text;
  }
  expect_invalid("[]", "a message must be a JSON object");
  expect_invalid("12", "a message must be a JSON object");
  expect_invalid("null", "a message must be a JSON object");
  expect_invalid("\"PING\"", "a message must be a JSON object");
  expect_invalid("{}", "type is missing");
  EXPECT_EQ(bad(std::string_view("{\"type\":\"PING\"}\0", 16)).error.code,
            ErrorCode::invalid_message);
}

TEST(Decode, InvalidUtf8) {
  for (const std::string bytes :
       {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80"}) {
    bad(R"({"type":"ENDED","roomName":"r","reason":")" + bytes + "\"}");
    bad(R"({"type":"ENDED","roomName":"r","x)" + bytes + "\":1}");
    bad(R"({"type":"ENDED","roomName":"r","unknown":{"x":[")" + bytes + "\"]}}");
  }
}

TEST(Decode, DuplicateKeysAtAnyDepth) {
  expect_invalid(R"({"type":"PING","type":"PING"})", "the key type occurs twice in one object");
  expect_invalid(R"({"type":"PING","x":1,"x":1})", "the key x occurs twice in one object");
  expect_invalid(R"({"type":"PING","x":1,"\u0078":1})", "the key x occurs twice in one object");
  expect_invalid(R"({"type":"PING","u":[{"q":{"k":1,"k":2}}]})",
                 "u: the key k occurs twice in one object");
  expect_invalid(
      R"({"type":"CALL_STARTED","roomName":"r","calleeId":"b","metadata":{"a":1,"b":2,"a":1}})",
      "metadata: the key a occurs twice in one object");
  std::string many = R"({"type":"PING")";
  for (int i = 0; i < 100; ++i) many += ",\"k" + std::to_string(i) + "\":0";
  good(many + "}");
  expect_invalid(many + ",\"k57\":0}", "the key k57 occurs twice in one object");
}

TEST(Decode, TheSameKeyInTwoObjectsIsNoDuplicate) {
  good(R"({"type":"PING","a":{"k":{"k":1}},"b":{"k":1},"k":[{"k":1},{"k":1}]})");
}

TEST(Decode, NestingIsBounded) {
  const auto nested = [](std::size_t levels) {
    return R"({"type":"PING","x":)" + repeat("[", levels) + repeat("]", levels) + "}";
  };
  good(nested(json_depth_max - 1));
  expect_invalid(nested(json_depth_max), "x: nested deeper than 16 levels");
  expect_invalid(nested(400), "x: nested deeper than 16 levels");
  // What it answers to is read, before and behind.
  const auto failure = bad(R"({"id":"a","metadata":)" + repeat("{\"k\":", 30) + "1" +
                           repeat("}", 30) + R"(,"type":"CALL_STARTED","roomName":"r"})");
  EXPECT_EQ(failure.id, call::MessageId::clipped("a"));
  EXPECT_EQ(failure.room, call::RoomName::clipped("r"));
  EXPECT_EQ(failure.error.message, "metadata: nested deeper than 16 levels");
  bad(repeat("[", 16 * 1024));
  bad(repeat("{\"a\":", 4 * 1024));
}

TEST(Decode, NumbersOutOfRange) {
  expect_invalid(R"({"type":"PING","x":1e999})", "x: a number is out of range");
  expect_invalid(R"({"type":"PING","x":[{"y":-1e400}]})", "x: a number is out of range");
  expect_invalid(R"({"type":"PING","x":[{"y":{}}],"z":1e999})", "z: a number is out of range");
  bad(R"({"type":"PING","x":1e99999999999999999999})");
  good(R"({"type":"PING","x":[1e300,1e-300,18446744073709551616,-9223372036854775809]})");
}

TEST(Decode, AFrameFullOfMembersIsNotSlow) {
  std::string text = R"({"type":"PING")";
  for (int i = 0; text.size() < 16 * 1024 - 16; ++i) text += ",\"" + std::to_string(i) + "\":0";
  good(text + "}");
}

// The fields.

TEST(Decode, Type) {
  expect_invalid(R"({"type":1})", "type must be a string");
  expect_invalid(R"({"type":null})", "type is missing");
  expect_invalid(R"({"type":""})", "type must not be empty");
  for (const char* name : {"HELLO", "ping", "PING ", "TIMED_OUT", "USER_ONLINE"}) {
    const auto failure = bad(std::string(R"({"type":")") + name + "\"}");
    EXPECT_EQ(failure.error.code, ErrorCode::unknown_type);
    EXPECT_EQ(failure.error.message, std::string("unknown type ") + name);
  }
  const auto clipped = bad(R"({"type":"a\n\u0000é)" + repeat("x", 500) + "\"}");
  EXPECT_EQ(clipped.error.code, ErrorCode::unknown_type);
  EXPECT_EQ(clipped.error.message, "unknown type a????" + repeat("x", 59));
}

TEST(Decode, RoomName) {
  constexpr auto grammar = "roomName must be 1 to 128 of the characters A-Z a-z 0-9 . _ : ~ -";
  expect_invalid(R"({"type":"RINGING"})", "roomName is missing");
  expect_invalid(R"({"type":"JOIN"})", "roomName is missing");
  expect_invalid(R"({"type":"RINGING","roomName":7})", "roomName must be a string");
  expect_invalid(R"({"type":"RINGING","roomName":""})", grammar);
  expect_invalid(R"({"type":"RINGING","roomName":"a b"})", grammar);
  expect_invalid(R"({"type":"RINGING","roomName":"a/b"})", grammar);
  expect_invalid(R"({"type":"RINGING","roomName":"a\u0000"})", grammar);
  expect_invalid(R"({"type":"RINGING","roomName":"é"})", grammar);
  message(R"({"type":"RINGING","roomName":")" + repeat("r", 128) + "\"}");
  expect_invalid(R"({"type":"RINGING","roomName":")" + repeat("r", 129) + "\"}", grammar);
}

TEST(Decode, MessageId) {
  const auto with = [](const std::string& json) {
    return R"({"type":"RINGING","roomName":"r","id":)" + json + "}";
  };
  expect_invalid(with("7"), "id must be a string");
  expect_invalid(with("{}"), "id must be a string");
  expect_invalid(with("[\"a\"]"), "id must be a string");
  expect_invalid(with("\"\""),
                 "id must not be empty; leave it out for a message without an answer");
  expect_invalid(with(R"("a\u0000b")"), "id must not contain a NUL character");
  const std::string wide = "\U0001F600";
  EXPECT_EQ(message(with('"' + repeat(wide, 64) + '"')).id.view(), repeat(wide, 64));
  expect_invalid(with('"' + repeat(wide, 65) + '"'), "id: at most 64 characters");
  expect_invalid(with('"' + repeat("a", 65) + '"'), "id: at most 64 characters");
  expect_invalid(with('"' + repeat("a", 16000) + '"'), "id: at most 64 characters");
  EXPECT_EQ(bad(R"({"type":"PING","id":1})").error.message, "id must be a string");
}

TEST(Decode, Callees) {
  const auto with = [](const std::string& fields) {
    return R"({"type":"CALL_STARTED","roomName":"r")" + fields + "}";
  };
  expect_invalid(with(""), "calleeId or calleeIds is missing");
  expect_invalid(R"({"type":"INVITED","roomName":"r"})", "calleeId or calleeIds is missing");
  expect_invalid(with(R"(,"calleeId":5)"), "calleeId must be a string");
  expect_invalid(with(R"(,"calleeId":"")"), "calleeId must not be empty");
  expect_invalid(with(R"(,"calleeId":"a\u0000")"),
                 "calleeId must not contain NUL or other control characters");
  message(with(R"(,"calleeId":")" + repeat("u", 255) + '"'));
  expect_invalid(with(R"(,"calleeId":")" + repeat("u", 256) + '"'), "calleeId: at most 255 bytes");
  expect_invalid(with(R"(,"calleeIds":"b")"), "calleeIds must be an array of strings");
  expect_invalid(with(R"(,"calleeIds":[])"), "calleeIds must hold 1 to 32 ids, not 0");
  expect_invalid(with(R"(,"calleeIds":["a","b","c",4])"), "calleeIds[3] must be a string");
  expect_invalid(with(R"(,"calleeIds":["a",null])"), "calleeIds[1] must be a string");
  expect_invalid(with(R"(,"calleeIds":["a","b","a"])"), "calleeIds[2] is a repeat");
  expect_invalid(with(R"(,"calleeIds":["a"],"calleeId":"b")"),
                 "calleeId must be one of calleeIds where both are given");
  std::string ids;
  for (int i = 0; i < 32; ++i) ids += (i == 0 ? "\"" : ",\"") + std::to_string(i) + '"';
  message(with(",\"calleeIds\":[" + ids + "]"));
  expect_invalid(with(",\"calleeIds\":[" + ids + ",\"x\"]"),
                 "calleeIds must hold 1 to 32 ids, not 33");
}

TEST(Decode, Labels) {
  const auto started = [](std::string_view field, const std::string& json) {
    return R"({"type":"CALL_STARTED","roomName":"r","calleeId":"b",")" + std::string(field) +
           "\":" + json + "}";
  };
  for (const std::string field : {"callerName", "calleeName"}) {
    message(started(field, '"' + repeat("n", 256) + '"'));
    expect_invalid(started(field, '"' + repeat("n", 257) + '"'), field + ": at most 256 bytes");
    expect_invalid(started(field, "{}"), field + " must be a string");
    expect_invalid(started(field, R"("\u0000")"), field + " must not contain a NUL character");
  }
  expect_invalid(R"({"type":"ENDED","roomName":"r","reason":1})", "reason must be a string");
  expect_invalid(R"({"type":"REJECTED","roomName":"r","reason":[]})", "reason must be a string");
  expect_invalid(R"({"type":"ENDED","roomName":"r","reason":")" + repeat("é", 129) + "\"}",
                 "reason: at most 256 bytes");
}

TEST(Decode, SenderClaims) {
  const std::pair<const char*, const char*> claims[] = {
      {"CALL_STARTED\",\"calleeId\":\"b", "callerId"},
      {"RINGING", "userId"},
      {"ACCEPTED", "acceptedBy"},
      {"REJECTED", "rejectedBy"},
      {"ENDED", "endedBy"},
      {"INVITED\",\"calleeId\":\"b", "invitedBy"}};
  for (const auto& [type, field] : claims) {
    const std::string start = std::string(R"({"roomName":"r","type":")") + type + "\",\"" + field;
    EXPECT_EQ(message(start + "\":\"ann\"}").sender->view(), "ann");
    expect_invalid(start + "\":12}", std::string(field) + " must be a string");
    expect_invalid(start + "\":\"\"}", std::string(field) + " must not be empty");
    expect_invalid(start + "\":\"" + repeat("u", 256) + "\"}",
                   std::string(field) + ": at most 255 bytes");
  }
}

TEST(Decode, OpaqueObjects) {
  const auto signal = [](const std::string& fields) {
    return R"({"type":"SIGNAL","roomName":"r")" + fields + "}";
  };
  expect_invalid(signal(R"(,"data":{})"), "to is missing");
  expect_invalid(signal(R"(,"to":1,"data":{})"), "to must be a string");
  expect_invalid(signal(R"(,"to":"b")"), "data is missing");
  expect_invalid(signal(R"(,"to":"b","data":"x")"), "data must be an object");
  expect_invalid(signal(R"(,"to":"b","data":[])"), "data must be an object");
  // {"a":"…"} is eight bytes and the text.
  message(signal(R"(,"to":"b","data": {"a":")" + repeat("x", 8184) + "\"}"));
  expect_invalid(signal(R"(,"to":"b","data":{"a":")" + repeat("x", 8185) + "\"}"),
                 "data: at most 8192 bytes");
  expect_invalid(R"({"type":"CALL_STARTED","roomName":"r","calleeId":"b","metadata":"{}"})",
                 "metadata must be an object");
}

TEST(Decode, AuthAndJoin) {
  expect_invalid(R"({"type":"AUTH"})", "token is missing");
  expect_invalid(R"({"type":"AUTH","token":7})", "token must be a string");
  expect_invalid(R"({"type":"AUTH","token":""})", "token must not be empty");
  for (const char* since : {"-1", "1.5", "\"7\"", "1e3", "18446744073709551616", "{}"}) {
    expect_invalid(std::string(R"({"type":"JOIN","roomName":"r","since":)") + since + "}",
                   "since must be a cursor: a whole number, not negative");
  }
}

TEST(Decode, RefusalsEchoWhatTheyAnswer) {
  auto failure = bad(R"({"type":"CALL_STARTED","id":"m","roomName":"r"})");
  EXPECT_EQ(failure.id.view(), "m");
  EXPECT_EQ(failure.room.view(), "r");
  failure = bad(R"({"type":"NOPE","roomName":"r","id":"m"})");
  EXPECT_EQ(failure.id.view(), "m");
  EXPECT_EQ(failure.room.view(), "r");
  failure = bad(R"({"id":"m","roomName":"r","type":"RINGING","x":{"a":1,"a":1}})");
  EXPECT_EQ(failure.id.view(), "m");
  EXPECT_EQ(failure.room.view(), "r");
  failure = bad(R"({"id":"m","roomName":"no room","type":"RINGING"})", "mine");
  EXPECT_EQ(failure.id.view(), "m");
  EXPECT_TRUE(failure.room.empty());
  failure = bad(R"({"id":7,"roomName":"r","type":"RINGING"})");
  EXPECT_TRUE(failure.id.empty());
  EXPECT_EQ(failure.room.view(), "r");
  EXPECT_EQ(bad(R"({"type":"ENDED","reason":1})", "mine").room.view(), "mine");
}

TEST(Decode, AnErrorNeverHoldsTheToken) {
  EXPECT_EQ(bad(R"({"type":"AUTH","token":["secret"]})").error.message.find("secret"),
            std::string::npos);
}

// Whatever comes, there is an answer, and it can be sent.
TEST(Decode, MutationsNeverCrash) {
  const std::string seeds[] = {
      R"({"type":"CALL_STARTED","id":"m1","roomName":"r","calleeIds":["a","b"],"metadata":{"a":1.5}})",
      R"({"type":"SIGNAL","roomName":"r","to":"x","data":{"sdp":"v=0\r\n\u00e9\ud83d\ude00"}})",
      R"({"type":"JOIN","roomName":"r","since":123456})"};
  std::mt19937 random(20261123);
  const auto below = [&](std::size_t end) { return random() % end; };
  constexpr std::string_view tokens = "{}[]\",:\\u0eE+-.x\xff\xc3\x80";
  int accepted = 0;
  for (int round = 0; round < 60'000; ++round) {
    std::string text = seeds[below(3)];
    for (std::size_t edits = 1 + below(3); edits > 0 && !text.empty(); --edits) {
      const std::size_t at = below(text.size());
      switch (below(4)) {
        case 0:
          text[at] = static_cast<char>(random());
          break;
        case 1:
          text.erase(at, 1 + below(4));
          break;
        case 2:
          text.insert(at, 1, tokens[below(tokens.size())]);
          break;
        default:
          text.insert(at, text.substr(below(text.size()), below(24)));
      }
    }
    const auto decoded = decode(text, {});
    boost::system::error_code ec;
    boost::json::parse(text, ec);
    if (decoded) {
      ++accepted;
      EXPECT_FALSE(ec) << text;
    } else {
      EXPECT_FALSE(decoded.error().error.message.empty());
      const std::string error =
          encode(engine::Refusal{decoded.error().error, decoded.error().id, decoded.error().room,
                                 std::nullopt, std::nullopt});
      boost::json::parse(error, ec);
      EXPECT_FALSE(ec) << error;
    }
  }
  EXPECT_GT(accepted, 100);
}

}  // namespace
}  // namespace callstate::transports
