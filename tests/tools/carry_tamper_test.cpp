#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "carried_text.hpp"
#include "storage/stores.hpp"
#include "tools/callstate/carry/unpacker.hpp"

// Exports that somebody has altered, or made up.

namespace callstate::tools {
namespace {

namespace fs = std::filesystem;
using storage::testing::TemporaryDirectory;
using testing::calls;
using testing::EncodedLog;
using testing::export_text;
using ::testing::HasSubstr;
using testing::import_text;
using testing::joined;
using testing::lines_of;
using testing::RandomRecords;

/// What an import says of the text, which must not leave a log behind.
std::string refusal(const std::string& text) {
  const TemporaryDirectory directory;
  const auto sentence = import_text(text, directory / "log");
  EXPECT_FALSE(fs::exists(directory / "log"));
  EXPECT_TRUE(fs::is_empty(directory.path())) << "nothing is left behind";
  return sentence;
}

/// The same without making a log, for very many texts.
std::string refusal_to_unpack(const std::vector<std::string>& lines) {
  Unpacker unpacker;
  for (const auto& line : lines) {
    if (const auto took = unpacker.take(line); !took) return took.error().sentence();
  }
  const auto whole = unpacker.finish();
  return whole ? std::string() : whole.error().sentence();
}

TEST(TamperedExport, ALineThatIsRemovedDoubledSwappedOrAlteredIsNamed) {
  const auto lines = lines_of(export_text(RandomRecords(7).log(40).exportable()));
  ASSERT_EQ(refusal_to_unpack(lines), "");
  for (std::size_t i = 0; i < lines.size(); ++i) {
    auto removed = lines;
    removed.erase(removed.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_THAT(refusal_to_unpack(removed), HasSubstr("line ")) << "without line " << i + 1;
    auto doubled = lines;
    doubled.insert(doubled.begin() + static_cast<std::ptrdiff_t>(i), lines[i]);
    EXPECT_THAT(refusal_to_unpack(doubled), HasSubstr("line ")) << "line " << i + 1 << " twice";
    if (i + 1 < lines.size()) {
      auto swapped = lines;
      std::swap(swapped[i], swapped[i + 1]);
      EXPECT_THAT(refusal_to_unpack(swapped), HasSubstr("line ")) << "line " << i + 1 << " swapped";
    }
    for (std::size_t at = i % 13; at < lines[i].size(); at += 13) {
      auto altered = lines;
      char& c = altered[i][at];
      c = c == 'x' ? 'y' : 'x';
      EXPECT_THAT(refusal_to_unpack(altered), HasSubstr("line ")) << altered[i];
    }
  }
}

TEST(TamperedExport, TheFieldIsNamed) {
  const auto lines = lines_of(export_text(calls().exportable()));
  const auto altered = [&](const std::string& from, const std::string& to) {
    auto text = lines;
    const auto at = text[3].find(from);
    EXPECT_NE(at, std::string::npos) << from << " in " << text[3];
    text[3].replace(at, from.size(), to);
    return refusal(joined(text));
  };
  EXPECT_THAT(altered(R"("pos":3)", R"("pos":2)"), HasSubstr("line 4, field pos: is 2"));
  EXPECT_THAT(altered(R"("seq":2)", R"("seq":9)"), HasSubstr("line 4, field seq: is 9, where 2"));
  EXPECT_THAT(altered("RINGING", "HUMMING"),
              HasSubstr("field type: is HUMMING, which this version"));
  EXPECT_THAT(altered("\"event\":{}", R"("event":{"loud":true})"),
              HasSubstr("field event.loud: is not known to this version, and would be lost"));
  EXPECT_THAT(altered("\"pos\"", "\"colour\":1,\"pos\""), HasSubstr("field colour: is not known"));
  EXPECT_THAT(altered("\"outcome\":\"applied\"", "\"outcome\":\"refused\""),
              HasSubstr("field refusal: is missing"));
  EXPECT_THAT(altered(R"("device":"phone")", R"("device":"phony")"),
              HasSubstr("field hash: is not"));
  EXPECT_THAT(altered(R"("name":"demo")", R"("name":"de mo")"),
              HasSubstr("field name: is no room"));
  EXPECT_THAT(altered(R"("stream":"room")", R"("stream":"user")"),
              HasSubstr("field stream: is user"));
  EXPECT_THAT(altered(R"("by":"bob")", "\"by\":\"" + std::string(256, 'b') + "\""),
              HasSubstr("field by: is longer than 255 bytes"));
  EXPECT_THAT(altered(R"("by":"bob")", "\"by\":\"\xff\""), HasSubstr("line 4: is no JSON"));
  EXPECT_THAT(altered(R"("by":"bob")", R"("by":{"hex":"626f62"})"),
              HasSubstr("field by: is no text"));
  EXPECT_THAT(altered(R"("call":")", R"("call":"?)"), HasSubstr("field call: is no call's id"));
}

TEST(TamperedExport, AnExportThatIsNoneOrCutOrTooLongIsRefused) {
  const auto lines = lines_of(export_text(calls().exportable()));
  EXPECT_THAT(refusal(""), HasSubstr("line 1: is missing"));
  EXPECT_THAT(refusal("hello\n"), HasSubstr("line 1: does not begin an export"));
  auto cut = lines;
  cut.pop_back();
  EXPECT_THAT(refusal(joined(cut)), HasSubstr("was cut short"));
  auto more = lines;
  more.emplace_back("{}");
  EXPECT_THAT(refusal(joined(more)), HasSubstr("comes after the end"));
  auto newer = lines;
  newer[0].replace(newer[0].find("\"format\":1"), 10, "\"format\":2");
  EXPECT_THAT(refusal(joined(newer)), HasSubstr("field format"));
  auto long_line = lines;
  long_line[2] = std::string(3 * line_bytes_max, ' ');
  EXPECT_THAT(refusal(joined(long_line)), HasSubstr("line 3: is longer than"));
}

TEST(TamperedExport, WithLinesCutOffAndItsLastLineMadeToFitIsFoundByTheDigest) {
  const auto log = calls();
  const auto lines = lines_of(export_text(log.exportable(), {.from = At(call::Position{2})}));
  const auto count = lines.size() - 2;
  auto footer = lines.back();
  const auto said = std::to_string(count);
  ASSERT_THAT(footer, HasSubstr("\"records\":" + said + ","));
  footer.replace(footer.find(said), said.size(), std::to_string(count - 1));
  auto from_beginning = lines;  // a stream's first record is taken at its word in a part
  from_beginning.erase(from_beginning.begin() + 1);
  from_beginning.back() = footer;
  EXPECT_THAT(refusal(joined(from_beginning)), HasSubstr("field sha256: is not that of the lines"));
  auto from_end = lines;
  from_end.erase(from_end.end() - 2);
  from_end.back() = footer;
  EXPECT_THAT(refusal(joined(from_end)), HasSubstr("field sha256: is not that of the lines"));
}

/// What an import says of the scripted log, all of whose hashes are right.
std::string refusal_of(const testing::MemoryLog& scripted, const Selection& wanted = {}) {
  EncodedLog log;
  for (const auto& record : scripted.records) log.add(record);
  return refusal(export_text(log.exportable(), wanted));
}

TEST(ImpossibleExport, IsRefusedByLineAndField) {
  using testing::MemoryLog;
  using testing::user;
  const std::vector<std::pair<void (*)(MemoryLog&), const char*>> cases{
      {[](MemoryLog& log) { log.by("bob", call::Accepted{}); },
       "line 2, field type: is ACCEPTED, and was applied in a room without a call"},
      {[](MemoryLog& log) {
         log.talk();
         log.by("alice", call::Ended{});
       },
       "line 6, field type: is ENDED, and was applied in a room without a call"},
      {[](MemoryLog& log) {
         log.starts("alice", {user("bob")});
         log.starts("alice", {user("bob")});
       },
       "line 3, field type: is CALL_STARTED, and was applied while the call 0000"},
      {[](MemoryLog& log) {
         log.talk();
         log.by("alice", log.records[0].payload);
       },
       "line 6, field call: is that of the room's call before"},
      {[](MemoryLog& log) {
         log.starts("alice", {user("bob")});
         log.call.bytes[15] = 77;
         log.by("bob", call::Ringing{});
       },
       "line 3, field call: is another one than 0000"},
      {[](MemoryLog& log) {
         log.starts("alice", {user("bob")});
         log.by("mallory", call::Ringing{});
       },
       "line 3, field by: names a user who is not in the call, and RINGING was applied"},
      {[](MemoryLog& log) {
         log.starts("alice", {user("bob")});
         log.by("alice", call::Signaled{user("mallory"), "{}"});
       },
       "line 3, field event.to: names a user who is not in the call"},
      {[](MemoryLog& log) {
         log.starts("alice", {user("bob")});
         log.by_system(call::ParticipantLeft{user("mallory"), {}, {}});
       },
       "line 3, field event.user: names a user who is not in the call"},
      {[](MemoryLog& log) {
         log.starts("alice", {user("bob")});
         log.by("bob", call::Accepted{});
         log.by("bob", call::Accepted{});
       },
       "line 4, field by: has joined the call already, and ACCEPTED was applied once more"},
      {[](MemoryLog& log) {
         log.starts("alice", {user("bob"), user("carol")});
         log.by("bob", call::Rejected{});
         log.by("bob", call::Rejected{});
       },
       "line 4, field by: has rejected the call already, and REJECTED was applied once more"},
  };
  for (const auto& [how, sentence] : cases) {
    MemoryLog log;
    how(log);
    EXPECT_THAT(refusal_of(log), HasSubstr(sentence));
  }
}

TEST(ImpossibleExport, OfAPartIsWhatFollowsARoomsFirstCall) {
  testing::MemoryLog log;
  log.talk();
  log.talk();
  log.by("bob", call::Ringing{});
  const Selection from_the_middle{.from = At(call::Position{3})};
  EXPECT_THAT(
      refusal_of(log, from_the_middle),
      HasSubstr("line 8, field type: is RINGING, and was applied in a room without a call"));
}

TEST(TamperedExport, AnImportOverALogIsRefused) {
  const TemporaryDirectory directory;
  const auto text = export_text(calls().exportable());
  ASSERT_EQ(import_text(text, directory / "log"), "");
  EXPECT_THAT(import_text(text, directory / "log"), HasSubstr("exists and is no empty directory"));
}

}  // namespace
}  // namespace callstate::tools
