#include "tools/callstate/report/table.hpp"

#include <gtest/gtest.h>

namespace callstate::tools {
namespace {

const Paint uncoloured(false);
using Align = Table::Align;

TEST(Table, AlignsColumnsAndLeavesNoTrailingSpaces) {
  Table table({{"POS", Align::right}, {"TYPE"}, {"DETAILS"}});
  table.add({{"9"}, {"RINGING"}, {""}});
  table.add({{"1234"}, {"ENDED"}, {"hangup"}});
  EXPECT_EQ(table.render(uncoloured),
            " POS  TYPE     DETAILS\n"
            "   9  RINGING\n"
            "1234  ENDED    hangup\n");
}

TEST(Table, LeavesOutColumnsThatAreEmptyInEveryRow) {
  Table table({{"A"}, {"B"}, {"C"}});
  table.add({{"a"}, {""}, {"c"}});
  EXPECT_EQ(table.render(uncoloured, 2), "  A  C\n  a  c\n");
}

TEST(Table, WithoutTitlesHasNoLineOfTitles) {
  Table table({{""}, {""}});
  table.add({{"key"}, {"value"}});
  EXPECT_EQ(table.render(uncoloured), "key  value\n");
}

TEST(Table, AlignsWideAndCombiningCharacters) {
  Table table({{"NAME"}, {"X"}});
  table.add({{"日本"}, {"1"}});
  table.add({{"Zoe\xCC\x88"}, {"2"}});  // Zoë, the e with a combining diaeresis
  table.add({{"Anna"}, {"3"}});
  EXPECT_EQ(table.render(uncoloured),
            "NAME  X\n"
            "日本  1\n"
            "Zoe\xCC\x88   2\n"
            "Anna  3\n");
}

TEST(Table, ColoursTextAndNotThePadding) {
  Table table({{""}, {""}});
  table.add({{"a", Tone::bold}, {"b"}});
  table.add({{"long", Tone::plain}, {"c"}});
  EXPECT_EQ(table.render(Paint(true)), "\033[1ma\033[0m     b\nlong  c\n");
}

TEST(Printable, TakesTheHarmOutOfStrangersTexts) {
  EXPECT_EQ(printable("Zoë 日本 😀"), "Zoë 日本 😀");
  EXPECT_EQ(printable("\033[31mred\a\r\n"), "\uFFFD[31mred\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(printable("a\u202Eb\u2066c"), "a\uFFFDb\uFFFDc");
  EXPECT_EQ(printable("\xC2\x9Bx"), "\uFFFDx");                  // CSI as one C1 control
  EXPECT_EQ(printable("a\xFF\xC0\xAF"), "a\uFFFD\uFFFD\uFFFD");  // no UTF-8, and overlong
  EXPECT_EQ(printable("\xE6\x97"), "\uFFFD\uFFFD");              // cut off
}

TEST(Printable, NoTextCanColourItself) {
  Table table({{""}});
  table.add({{"\033[2J"}});
  EXPECT_EQ(table.render(Paint(true)).find('\033'), std::string::npos);
}

}  // namespace
}  // namespace callstate::tools
