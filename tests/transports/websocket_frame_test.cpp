#include "transports/websocket_frame.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "client_frame.hpp"

namespace callstate::transports {
namespace {

using Kind = FrameParser::Result::Kind;

constexpr std::uint32_t limit = 16 * 1024;
struct Seen {
  Kind kind;
  std::uint16_t code;
  std::string payload;
  bool operator==(const Seen&) const = default;
};

void feed(FrameParser& parser, std::string bytes, std::vector<Seen>& seen) {
  std::span<char> portion(bytes);
  for (;;) {
    const auto result = parser.next(portion);
    if (result.kind == Kind::need_more) break;
    seen.push_back({result.kind, result.code, std::string(result.payload)});
  }
  EXPECT_TRUE(portion.empty());
}

// In portions of `size` bytes.
std::vector<Seen> parse(std::string_view bytes, std::size_t size = 1U << 20U) {
  FrameParser parser(limit);
  std::vector<Seen> seen;
  for (std::size_t at = 0; at < bytes.size(); at += size)
    feed(parser, std::string(bytes.substr(at, size)), seen);
  return seen;
}

Seen text(std::string_view payload) {
  return {Kind::message, 0, std::string(payload)};
}

std::uint16_t error_of(std::string_view bytes) {
  const auto seen = parse(bytes);
  EXPECT_EQ(parse(bytes, 1), seen);
  if (seen.empty() || seen.back().kind != Kind::error) return 0;
  return seen.back().code;
}

TEST(WebSocketFrame, TakesTheExamplesOfTheRfc) {
  EXPECT_THAT(parse("\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"),
              testing::ElementsAre(text("Hello")));
  EXPECT_THAT(parse("\x89\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"),
              testing::ElementsAre(Seen{Kind::ping, 0, "Hello"}));
  EXPECT_THAT(parse(client_frame(0x01, "Hel") + client_frame(0x80, "lo")),
              testing::ElementsAre(text("Hello")));
}

TEST(WebSocketFrame, WritesTheShortestHeader) {
  char out[server_header_bytes_max];
  EXPECT_EQ(std::string(out, write_frame_header(Opcode::text, 5, out)), "\x81\x05");
  EXPECT_EQ(std::string(out, write_frame_header(Opcode::text, 125, out)), "\x81\x7d");
  EXPECT_EQ(std::string(out, write_frame_header(Opcode::text, 126, out)),
            std::string("\x81\x7e\x00\x7e", 4));
  EXPECT_EQ(std::string(out, write_frame_header(Opcode::text, 0xFFFF, out)),
            std::string("\x81\x7e\xff\xff", 4));
  EXPECT_EQ(std::string(out, write_frame_header(Opcode::text, 0x10000, out)),
            std::string("\x81\x7f\0\0\0\0\0\x01\0\0", 10));
}

TEST(WebSocketFrame, TakesControlFramesWithinAMessage) {
  const auto bytes = client_frame(0x01, "ab") + client_frame(0x89, "now") + client_frame(0x00, "") +
                     client_frame(0x8A, "") + client_frame(0x80, "cd") + client_frame(0x81, "");
  const std::vector<Seen> expected{
      {Kind::ping, 0, "now"}, {Kind::pong, 0, ""}, text("abcd"), text("")};
  for (std::size_t size = 1; size <= bytes.size(); ++size) EXPECT_EQ(parse(bytes, size), expected);
}

TEST(WebSocketFrame, TakesEveryLengthInEverySplit) {
  for (const std::size_t size : {0U, 1U, 7U, 8U, 125U, 126U, 127U, 1000U, 16384U}) {
    const std::string payload(size, 'x');
    const auto bytes = client_frame(0x81, payload) + client_frame(0x81, "next");
    for (const std::size_t portion : {1U, 2U, 3U, 13U, 127U, 512U, 100'000U})
      EXPECT_THAT(parse(bytes, portion), testing::ElementsAre(text(payload), text("next")));
  }
}

TEST(WebSocketFrame, RefusesWhatTheRfcForbids) {
  EXPECT_EQ(error_of(client_frame(0xC1, "x")), 1002) << "RSV1 without an extension";
  EXPECT_EQ(error_of(client_frame(0xA1, "x")), 1002);
  EXPECT_EQ(error_of(client_frame(0x91, "x")), 1002);
  for (const int opcode : {0x3, 0x7, 0xB, 0xF})
    EXPECT_EQ(error_of(client_frame(0x80 | opcode, "x")), 1002);
  EXPECT_EQ(error_of("\x81\x05Hello"), 1002) << "unmasked";
  EXPECT_EQ(error_of(client_frame(0x80, "x")), 1002) << "continuation of nothing";
  EXPECT_EQ(error_of(client_frame(0x01, "x") + client_frame(0x81, "y")), 1002)
      << "new message within another";
  EXPECT_EQ(error_of(client_frame(0x09, "x")), 1002) << "fragmented ping";
  EXPECT_EQ(error_of(client_frame(0x89, std::string(126, 'x'))), 1002) << "long ping";
  EXPECT_EQ(error_of(std::string("\x81\xFE\x00\x05", 4) + "mask"), 1002) << "length not minimal";
  EXPECT_EQ(error_of(std::string("\x81\xFF\0\0\0\0\0\0\xFF\xFF", 10) + "mask"), 1002);
  EXPECT_EQ(error_of("\x81\xFF\x80\x01\x01\x01\x01\x01\x01\x01mask"), 1002) << "length's top bit";
  EXPECT_EQ(error_of(client_frame(0x82, "x")), 1003) << "binary";
}

TEST(WebSocketFrame, RefusesTextThatIsNotUtf8) {
  for (const std::string_view bad :
       {"\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\x80",
        "\xf8\x88\x80\x80\x80", "12345678\xe2\x28\xa1"})
    EXPECT_EQ(error_of(client_frame(0x81, bad)), 1007);
  for (const std::string_view good :
       {"", "κόσμε", "\xf4\x8f\xbf\xbf", "\xed\x9f\xbf", "\xee\x80\x80", "1234567é12345678"})
    EXPECT_THAT(parse(client_frame(0x81, good)), testing::ElementsAre(text(good)));
  EXPECT_THAT(parse(client_frame(0x01, "\xe2\x82") + client_frame(0x80, "\xac")),
              testing::ElementsAre(text("€")))
      << "a character may be split over fragments";
}

TEST(WebSocketFrame, RefusesTooLargeFromTheHeaderAlone) {
  const auto whole = client_frame(0x81, std::string(limit + 1, 'x'));
  EXPECT_EQ(error_of(whole.substr(0, 8)), 1009);
  const auto second = client_frame(0x80, std::string(limit - 9, 'x'));
  EXPECT_EQ(error_of(client_frame(0x01, "0123456789") + second.substr(0, 8)), 1009)
      << "over fragments";
  EXPECT_EQ(error_of(std::string("\x81\xFF\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFFmask")), 1009);
}

TEST(WebSocketFrame, RefusesEndlessEmptyFragments) {
  std::string bytes = client_frame(0x01, "");
  for (std::uint32_t i = 1; i < fragments_max; ++i) bytes += client_frame(0x00, "");
  EXPECT_EQ(error_of(bytes), 0);
  EXPECT_EQ(error_of(bytes + client_frame(0x00, "")), 1009);
}

TEST(WebSocketFrame, ReadsThePeersClose) {
  EXPECT_THAT(parse(client_frame(0x88, "")), testing::ElementsAre(Seen{Kind::close, 1005, ""}));
  EXPECT_THAT(parse(client_frame(0x88,
                                 "\x03\xe8"
                                 "bye") +
                    client_frame(0x81, "late")),
              testing::ElementsAre(Seen{Kind::close, 1000, "bye"}))
      << "what follows is swallowed";
  EXPECT_EQ(error_of(client_frame(0x88, "\x03")), 1002);
  for (const int code : {0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535}) {
    const char payload[2] = {static_cast<char>(code >> 8), static_cast<char>(code & 0xFF)};
    EXPECT_EQ(error_of(client_frame(0x88, {payload, 2})), 1002) << code;
  }
  EXPECT_EQ(error_of(client_frame(0x88, "\x03\xe8\xff")), 1007);
}

TEST(WebSocketFrame, CutsACloseReasonBetweenCharacters) {
  EXPECT_EQ(close_payload(4403, "no"), "\x11\x33no");
  std::string reason(122, 'x');
  reason += "é";
  EXPECT_EQ(close_payload(1000, reason).size(), 124);
  EXPECT_TRUE(is_utf8(close_payload(1000, reason).substr(2)));
  EXPECT_EQ(close_payload(1000, std::string(500, 'x')).size(), control_bytes_max);
}

TEST(WebSocketFrame, RandomSplitsGiveTheSame) {
  std::mt19937 random(7);
  std::string bytes;
  std::vector<Seen> expected;
  for (int i = 0; i < 200; ++i) {
    const std::string payload(random() % 700, static_cast<char>('a' + random() % 26));
    switch (random() % 3) {
      case 0:
        bytes += client_frame(0x81, payload);
        expected.push_back(text(payload));
        break;
      case 1:
        bytes += client_frame(0x89, payload.substr(0, 100));
        expected.push_back({Kind::ping, 0, payload.substr(0, 100)});
        break;
      default:
        bytes +=
            client_frame(0x01, payload) + client_frame(0x8A, "p") + client_frame(0x80, payload);
        expected.push_back({Kind::pong, 0, "p"});
        expected.push_back(text(payload + payload));
    }
  }
  for (int round = 0; round < 50; ++round) {
    FrameParser parser(limit);
    std::vector<Seen> seen;
    for (std::size_t at = 0; at < bytes.size();) {
      const std::size_t size = 1 + random() % (round + 1) * 20;
      feed(parser, bytes.substr(at, size), seen);
      at += size;
    }
    EXPECT_EQ(seen, expected);
  }
}

TEST(WebSocketFrame, RandomBytesNeverCrash) {
  std::mt19937 random(11);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes(random() % 64, '\0');
    for (auto& c : bytes) c = static_cast<char>(random());
    if (!bytes.empty() && round % 2 == 0)
      bytes[0] = static_cast<char>(0x81 - (random() % 2) * 0x80);
    if (bytes.size() > 1 && round % 2 == 0) bytes[1] = static_cast<char>(0x80U | (random() % 40));
    EXPECT_EQ(parse(bytes, 1), parse(bytes, 7));
  }
}

}  // namespace
}  // namespace callstate::transports
