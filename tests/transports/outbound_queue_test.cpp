#include "transports/outbound_queue.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace callstate::transports {
namespace {

std::shared_ptr<const std::string> text(std::size_t size, char c = 'x') {
  return std::make_shared<const std::string>(size, c);
}

std::string take(OutboundQueue& queue, std::size_t size) {
  std::string bytes(size, '\0');
  bytes.resize(queue.copy_to(bytes));
  queue.consume(bytes.size());
  return bytes;
}

TEST(OutboundQueue, GivesTheSameBytesInPiecesOfAnySize) {
  std::mt19937 random(3);
  for (const std::size_t piece : {1U, 2U, 3U, 127U, 4096U, 1'000'000U}) {
    OutboundQueue queue;
    std::string expected;
    for (int i = 0; i < 300; ++i) {
      const auto payload = text(random() % 300, static_cast<char>('a' + i % 26));
      char header[server_header_bytes_max];
      expected.append(header, write_frame_header(Opcode::text, payload->size(), header));
      expected += *payload;
      queue.push(Opcode::text, payload);
    }
    EXPECT_EQ(queue.bytes(), expected.size());
    EXPECT_EQ(queue.frames(), 300);
    std::string seen;
    while (!queue.empty()) seen += take(queue, piece);
    EXPECT_EQ(seen, expected);
    EXPECT_EQ(queue.bytes(), 0);
    EXPECT_EQ(queue.frames(), 0);
  }
}

TEST(OutboundQueue, FinishesTheFrameThatHasBegunWhenTheRestIsDropped) {
  OutboundQueue queue;
  queue.push(Opcode::text, text(10, 'a'));
  queue.push(Opcode::text, text(10, 'b'));
  queue.push(Opcode::text, text(10, 'c'));
  EXPECT_EQ(take(queue, 14), "\x81\x0a" + std::string(10, 'a') + "\x81\x0a");
  queue.drop_unstarted();
  queue.push(Opcode::close, text(2, 'z'));
  EXPECT_EQ(queue.bytes(), 14);
  EXPECT_EQ(take(queue, 100), std::string(10, 'b') + "\x88\x02zz");
  EXPECT_TRUE(queue.empty());
}

TEST(OutboundQueue, DropsAllWhenNothingHasBegun) {
  OutboundQueue queue;
  queue.push(Opcode::text, text(10));
  queue.drop_unstarted();
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.bytes(), 0);
}

}  // namespace
}  // namespace callstate::transports
