#include "storage/record_codec.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <random>

#include "storage/record_text.hpp"
#include "storage/sample_records.hpp"
#include "storage/sha256.hpp"

namespace callstate::storage::testing {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes encoded(const call::Record& record) {
  RecordEncoder encoder;
  const auto bytes = encoder.encode(record);
  return {bytes.begin(), bytes.end()};
}

TEST(RecordCodec, EveryRecordComesBackAsItWas) {
  RecordEncoder encoder;
  RecordDecoder decoder;
  for (const auto& record : sample_records()) {
    call::Record back;
    ASSERT_EQ(decoder.decode(encoder.encode(record), back), "") << to_text(record);
    EXPECT_EQ(to_text(back), to_text(record));
  }
}

TEST(RecordCodec, NothingIsLeftOverFromTheRecordBefore) {
  RecordDecoder decoder;
  call::Record reused;
  const auto records = sample_records();
  for (const auto& before : records) {
    for (const auto& record : records) {
      ASSERT_EQ(decoder.decode(encoded(before), reused), "");
      ASSERT_EQ(decoder.decode(encoded(record), reused), "");
      ASSERT_EQ(to_text(reused), to_text(record));
    }
  }
}

TEST(RecordCodec, SameRecordSameBytes) {
  RecordEncoder encoder;
  for (const auto& record : sample_records()) {
    const auto bytes = encoder.encode(record);
    EXPECT_EQ(Bytes(bytes.begin(), bytes.end()), encoded(record));
  }
}

TEST(RecordCodec, ThePositionIsNotInTheBytes) {
  auto record = sample_records().front();
  const auto bytes = encoded(record);
  record.position = 77;
  EXPECT_EQ(encoded(record), bytes);
}

TEST(RecordCodec, DefaultsTakeNoSpace) {
  call::Record record;
  record.actor.user = call::UserId::clipped(call::system_actor);
  record.payload = call::Ringing{};
  EXPECT_LE(encoded(record).size(), 56U);
}

TEST(RecordCodec, LongestTextsFitAndUnalignedBytesDecode) {
  auto record = sample_records().front();
  record.stream.tenant = call::TenantId::clipped(std::string(1000, 't'));
  record.actor.user = call::UserId::clipped(std::string(1000, 'u'));
  auto bytes = encoded(record);
  bytes.insert(bytes.begin(), 0);
  RecordDecoder decoder;
  call::Record back;
  ASSERT_EQ(decoder.decode(std::span(bytes).subspan(1), back), "");
  EXPECT_EQ(to_text(back), to_text(record));
}

TEST(RecordCodec, TextsBeyondTheirBoundAreRefused) {
  // A room's name may have 128 bytes, a stream's 255: borrow the longer one.
  auto record = sample_records().front();
  record.payload = call::UserInCall{call::RoomName::clipped(std::string(128, 'r'))};
  auto bytes = encoded(record);
  const std::string name(128, 'r');
  const auto found = std::search(bytes.begin(), bytes.end(), name.begin(), name.end());
  ASSERT_NE(found, bytes.end());
  const std::uint32_t longer = 129;  // runs into the terminator
  std::memcpy(&*(found - 4), &longer, sizeof longer);
  RecordDecoder decoder;
  call::Record back;
  EXPECT_NE(decoder.decode(bytes, back), "");
}

TEST(RecordCodec, EveryTruncationIsRefused) {
  RecordDecoder decoder;
  for (const auto& record : sample_records()) {
    const auto whole = encoded(record);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      // In memory of its own, so that a read beyond it is seen.
      const Bytes cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
      call::Record back;
      (void)decoder.decode(cut, back);
      if (size < 8) {
        EXPECT_NE(decoder.decode(cut, back), "");
      }
    }
  }
}

/// Whatever decodes can be used like any other record.
void decode_and_use(RecordDecoder& decoder, const Bytes& bytes) {
  call::Record back;
  if (decoder.decode(bytes, back).empty()) (void)encoded(back);
}

TEST(RecordCodec, EveryFlippedBitDecodesOrIsRefused) {
  RecordDecoder decoder;
  for (const auto& record : sample_records()) {
    auto bytes = encoded(record);
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
      bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
      decode_and_use(decoder, bytes);
      bytes[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
    }
  }
}

TEST(RecordCodec, RandomBytesDecodeOrAreRefused) {
  RecordDecoder decoder;
  std::mt19937 random(7);
  const auto records = sample_records();
  for (int round = 0; round < 20'000; ++round) {
    auto bytes = encoded(records[random() % records.size()]);
    for (auto times = random() % 8 + 1; times > 0; --times) {
      bytes[random() % bytes.size()] = static_cast<std::uint8_t>(random());
    }
    decode_and_use(decoder, bytes);
  }
}

TEST(RecordCodec, UnknownEnumeratorsAreRefused) {
  RecordDecoder decoder;
  auto record = sample_records().front();
  record.outcome = static_cast<call::Outcome>(3);
  call::Record back;
  EXPECT_NE(decoder.decode(encoded(record), back), "");
  record = sample_records().front();
  record.refusal = static_cast<call::ErrorCode>(200);
  EXPECT_NE(decoder.decode(encoded(record), back), "");
  record = sample_records().front();
  record.actor.role = static_cast<call::Role>(9);
  EXPECT_NE(decoder.decode(encoded(record), back), "");
  record = sample_records().front();
  record.payload = call::Ended{static_cast<call::EndReason>(99), "", 0};
  EXPECT_NE(decoder.decode(encoded(record), back), "");
}

TEST(Sha256, IsTheStandardsOne) {
  const std::string abc = "abc";
  EXPECT_EQ(to_hex(sha256({reinterpret_cast<const std::uint8_t*>(abc.data()), abc.size()})),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace callstate::storage::testing
