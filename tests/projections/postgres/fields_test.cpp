#include "projections/postgres/detail/fields.hpp"

#include <gtest/gtest.h>

namespace callstate::projections::postgres {
namespace {

TEST(CopyLines, EscapeWhatWouldEndAFieldOrALine) {
  CopyLines lines;
  lines.add(std::string_view("a\tb\nc\rd\\e\0f\x01é", 14));
  lines.add_or_null(std::string_view());
  lines.add(std::uint64_t{42});
  lines.end_row();
  lines.add_null();
  lines.add_or_null(call::Time{});
  lines.add(std::string_view("\\N"));
  lines.end_row();
  EXPECT_EQ(lines.lines(), "a\\tb\\nc\\rd\\\\e␀f\x01é\t\\N\t42\n\\N\t\\N\t\\\\N");
  lines.clear();
  EXPECT_EQ(lines.lines(), "");
}

TEST(Timestamps, KeepMicrosecondsAndLateYears) {
  EXPECT_EQ(timestamp(call::Time(call::Duration(1))), "1970-01-01 00:00:00.000001+00");
  EXPECT_EQ(timestamp(call::Time(call::Duration(1'750'000'000'123'456))),
            "2025-06-15 15:06:40.123456+00");
  const std::chrono::sys_days late = std::chrono::year(12345) / 1 / 2;
  EXPECT_EQ(timestamp(call::Time(late)), "12345-01-02 00:00:00.000000+00");
}

TEST(EventIds, AreVersionSevenAndHoldTimeAndPosition) {
  call::Record record;
  record.at = call::Time(std::chrono::milliseconds(0x0123456789ab));
  record.position = 0x1122334455667788;
  EXPECT_EQ(to_string(event_id(record)), "01234567-89ab-7000-9122-334455667788");
}

}  // namespace
}  // namespace callstate::projections::postgres
