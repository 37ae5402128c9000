#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <filesystem>
#include <sstream>

#include "core/call/evolve.hpp"
#include "encoded_log.hpp"
#include "memory_log.hpp"
#include "storage/log_maker.hpp"
#include "storage/store.hpp"
#include "storage/stores.hpp"
#include "tools/callstate/carry/importing.hpp"
#include "tools/callstate/carry/unpacker.hpp"
#include "tools/callstate/report/verification.hpp"

// Exports and imports: nothing is lost, and nothing else is taken.

namespace callstate::tools {
namespace {

namespace fs = std::filesystem;
using storage::testing::TemporaryDirectory;
using testing::a_log_id;
using testing::EncodedLog;
using testing::export_text;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::RandomRecords;

/// An import of this text; empty when it succeeds, else the sentence.
std::string import_text(const std::string& text, const fs::path& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
      fmemopen(const_cast<char*>(text.data()), text.size(), "r"), &std::fclose);
  Lines lines(file.get());
  const auto done = import_log(lines, path, [] {});
  return done ? std::string() : done.error().message;
}

/// What an export of all of an imported log gives.
std::string text_in(const fs::path& path, const Selection& wanted = {}) {
  const auto log = storage::StoredLog::open(path);
  if (!log) return log.error().message;
  Exportable from{.log = (*log)->reader(),
                  .header = {.log_id = (*log)->log_id(), .head = (*log)->reader().head()}};
  if (!(*log)->carried().empty()) from.header = read_header((*log)->carried()).value();
  if ((*log)->is_part()) {
    from.original = [&](call::Position position) { return (*log)->original(position); };
  }
  return export_text(from, wanted);
}

/// The log that a call's records are in, with others around it.
EncodedLog calls() {
  EncodedLog log;
  testing::MemoryLog scripted;
  scripted.server_started();
  scripted.talk();
  scripted.room = "other";
  scripted.talk();
  scripted.tenant = "globex";
  scripted.starts("alice", {testing::user("bob")});
  scripted.server_started();
  scripted.room = "demo";
  scripted.tenant = "acme";
  scripted.talk();
  scripted.ignored("bob", call::Ended{});
  for (auto& record : scripted.records) log.add(record);
  return log;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}
std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += line + "\n";
  return text;
}

TEST(Carrying, AWholeLogComesBackByteForByte) {
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    const TemporaryDirectory directory;
    const auto log = RandomRecords(seed).log(300);
    const auto text = export_text(log.exportable());
    ASSERT_EQ(lines_of(text).size(), 302U) << text.substr(0, 300);
    ASSERT_EQ(import_text(text, directory / "log"), "") << "seed " << seed;
    EXPECT_EQ(text_in(directory / "log"), text) << "seed " << seed;
    const auto made = storage::StoredLog::open(directory / "log");
    ASSERT_TRUE(made);
    EXPECT_EQ((*made)->log_id(), a_log_id);
    EXPECT_FALSE((*made)->is_part());
    std::size_t at = 0;
    ASSERT_TRUE((*made)->reader().read(1, 300, [&](const auto& record, const auto&) {
      EXPECT_EQ(record.payload, log.records[at].payload);
      EXPECT_EQ(record.previous, log.records[at].previous);
      return ++at < 300;
    }));
  }
}

TEST(Carrying, AServerGoesOnWithAnImportedLog) {
  const TemporaryDirectory directory;
  ASSERT_EQ(import_text(export_text(calls().exportable()), directory / "log"), "");
  const auto store = storage::testing::open(directory / "log");
  EXPECT_EQ(store->log_id(), a_log_id);
  const auto head = store->reader().head();
  storage::testing::append(*store, 1);
  EXPECT_EQ(store->reader().head(), head + 1);
}

TEST(Carrying, APartComesBackByteForByteWithItsPositions) {
  const auto log = calls();
  const auto started = call::Position{2};
  std::vector<Selection> parts(5);
  parts[0].call = log.records[started - 1].call;
  parts[0].tenant = "acme";
  parts[1].room = "other";
  parts[1].tenant = "acme";
  parts[2].tenant = "globex";
  parts[3].from = call::Position{3};
  parts[3].to = log.records.back().at;
  parts[4].from = log.records[4].at;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const TemporaryDirectory directory;
    const auto text = export_text(log.exportable(), parts[i]);
    EXPECT_THAT(text, HasSubstr("\"part\":[{"));
    EXPECT_GT(lines_of(text).size(), 3U) << text;
    EXPECT_LT(lines_of(text).size(), log.records.size() + 2);
    ASSERT_EQ(import_text(text, directory / "part"), "") << i;
    EXPECT_EQ(text_in(directory / "part"), text) << i;
    EXPECT_THAT(storage::testing::refusal_of(directory / "part"),
                HasSubstr("is a part of the log"));
  }
}

TEST(Carrying, APartOfAPartIsThatPartOfTheWhole) {
  const auto log = calls();
  const TemporaryDirectory directory;
  Selection tenant{.tenant = "acme"};
  Selection room{.room = "demo"};
  ASSERT_EQ(import_text(export_text(log.exportable(), tenant), directory / "acme"), "");
  const auto text = text_in(directory / "acme", room);
  EXPECT_THAT(text, HasSubstr(R"("part":[{"tenant":"acme"},{"room":"demo"}])"));
  auto direct = lines_of(export_text(log.exportable(), {.room = "demo", .tenant = "acme"}));
  direct.front() = lines_of(text).front();
  EXPECT_EQ(text, joined(direct));
  ASSERT_EQ(import_text(text, directory / "demo"), "");
  EXPECT_EQ(text_in(directory / "demo"), text);
}

TEST(Carrying, ACallIsFromItsStartToTheRoomsNext) {
  auto log = calls();
  Selection wanted{.call = log.records[1].call, .tenant = "acme"};
  const auto lines = lines_of(export_text(log.exportable(), wanted));
  ASSERT_EQ(lines.size(), 6U);
  EXPECT_THAT(lines[1], HasSubstr(R"("pos":2,)"));
  EXPECT_THAT(lines[4], HasSubstr(R"("type":"ENDED")"));
}

TEST(Carrying, WhatIsNotThereIsNotExported) {
  const auto log = calls();
  EXPECT_THAT(export_text(log.exportable(), {.room = "nowhere"}),
              HasSubstr("holds nothing of that"));
  EXPECT_THAT(export_text(log.exportable(), {.room = "other"}), HasSubstr("several tenants"));
}

TEST(Carrying, ARecordThatWouldBeWrittenBackOtherwiseIsNotExported) {
  const TemporaryDirectory directory;
  auto maker = storage::LogMaker::begin(directory / "log", {});
  ASSERT_TRUE(maker);
  storage::RecordEncoder encoder;
  const auto encoded = encoder.encode(calls().records[1]);
  std::vector<std::uint8_t> bytes(encoded.begin(), encoded.end());
  bytes.resize(bytes.size() + 8);  // as a field would be that a newer version has added
  ASSERT_TRUE((*maker)->add_bytes(bytes));
  ASSERT_TRUE((*maker)->finish());
  EXPECT_THAT(text_in(directory / "log"), HasSubstr("does not know, and would be lost"));
}

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

TEST(TamperedExport, AnImportOverALogIsRefused) {
  const TemporaryDirectory directory;
  const auto text = export_text(calls().exportable());
  ASSERT_EQ(import_text(text, directory / "log"), "");
  EXPECT_THAT(import_text(text, directory / "log"), HasSubstr("exists and is no empty directory"));
}

// ---- anonymised ---------------------------------------------------------------

/// A room without what names anybody or any time.
std::string shape_of(const call::Room& room) {
  std::ostringstream out;
  out << room.seq << " " << room.position << " " << name_of(room.state) << " " << room.group << " "
      << name_of(room.end_reason) << " "
      << (room.live() || room.started_at == call::Time{} ? call::Duration{}
                                                         : room.ended_at - room.started_at)
             .count();
  for (const auto& each : room.participants) {
    out << " " << name_of(each.role) << ":" << name_of(each.state) << ":" << each.rang_on.size()
        << ":" << each.answered_on.empty() << ":" << int{each.invited_by};
  }
  return out.str();
}

std::vector<std::string> shapes_in(const engine::LogReader& log) {
  std::map<std::string, call::Room> rooms;
  std::vector<std::string> shapes;
  EXPECT_TRUE(log.read(1, log.head(), [&](const call::Record& record, const auto&) {
    std::string key;
    storage::key_of(record.stream, key);
    if (record.stream.kind == call::StreamKind::room) {
      call::evolve(rooms[key], record);
      shapes.push_back(shape_of(rooms[key]));
    } else if (record.stream.kind == call::StreamKind::server) {
      for (auto& [name, room] : rooms) call::evolve(room, record);
    }
    return true;
  }));
  return shapes;
}

TEST(Anonymising, KeepsTheShapeAndNoNames) {
  for (std::uint32_t seed = 1; seed <= 10; ++seed) {
    const TemporaryDirectory directory;
    const auto log = seed == 1 ? calls() : RandomRecords(seed).log(200);
    Anonymiser anonymiser("a key", -std::chrono::hours(24));
    const auto text = export_text(log.exportable(), {}, &anonymiser);
    for (const auto* name :
         {"original", "alice", "bob", "acme", "globex", "demo", "other", "phone", "laptop", "Alice",
          "slash", "inside", "Zoë", "sdp", "hex", a_log_id, "2026-11-23"}) {
      EXPECT_THAT(text, Not(HasSubstr(name))) << "seed " << seed;
    }
    ASSERT_EQ(import_text(text, directory / "log"), "");
    EXPECT_EQ(text_in(directory / "log"), text);
    const auto made = storage::StoredLog::open(directory / "log");
    ASSERT_TRUE(made);
    EXPECT_EQ(shapes_in((*made)->reader()), shapes_in(log));
  }
}

/// A log of calls with seals over all of it.
EncodedLog sealed_calls() {
  EncodedLog log;
  call::Position sealed_up_to = 0;
  call::Position last_seal = 0;
  const auto add = [&](const call::Record& record) {
    log.add(record);
    if (log.records.size() - sealed_up_to < 5) return;
    seal::Tree tree(storage::sha256);
    tree.start(sealed_up_to + 1);
    for (auto at = sealed_up_to + 1; at <= log.head(); ++at) tree.add(log.hash(at));
    call::Record seal;
    seal.at = record.at;
    seal.actor = {call::UserId::clipped(call::system_actor), call::Role::system, {}};
    seal.payload = call::Sealed{.first = sealed_up_to + 1,
                                .last = log.head(),
                                .root = tree.root(),
                                .previous_seal = last_seal,
                                .previous = last_seal == 0 ? call::Hash{} : log.hash(last_seal),
                                .log_id = a_log_id};
    seal.stream.kind = call::StreamKind::server;
    sealed_up_to = log.head();
    log.add(seal);
    last_seal = log.head();
  };
  for (const auto& record : calls().records) add(record);
  return log;
}

TEST(Anonymising, SealsAreMadeAnewOverWhatBecameOfTheLog) {
  const auto log = sealed_calls();
  Anonymiser anonymiser("a key", {});
  const TemporaryDirectory directory;
  ASSERT_EQ(import_text(export_text(log.exportable(), {}, &anonymiser), directory / "log"), "");
  const auto made = storage::StoredLog::open(directory / "log");
  ASSERT_TRUE(made);
  const auto found = verify_log((*made)->reader(), nullptr,
                                {.hash = storage::sha256, .log_id = (*made)->log_id()});
  for (const auto& problem : found.problems) ADD_FAILURE() << problem.what;
  EXPECT_GT(found.seals.seals, 1U);
  EXPECT_EQ(found.seals.sealed_up_to, 15U);
}

TEST(Anonymising, TheSameKeyGivesTheSameAndAnotherKeyOthers) {
  const auto log = calls();
  const auto with = [&](std::string_view key) {
    Anonymiser anonymiser(key, {});
    return export_text(log.exportable(), {}, &anonymiser);
  };
  EXPECT_EQ(with("one"), with("one"));
  EXPECT_NE(with("one"), with("two"));
}

TEST(Anonymising, APartCanBeImportedToo) {
  const TemporaryDirectory directory;
  const auto log = calls();
  Anonymiser anonymiser("a key", {});
  const auto text =
      export_text(log.exportable(),
                  {.room = "demo", .tenant = "acme", .from = At(call::Position{4})}, &anonymiser);
  EXPECT_THAT(text, Not(HasSubstr("acme")));
  ASSERT_EQ(import_text(text, directory / "part"), "");
  EXPECT_EQ(text_in(directory / "part"), text);
}

}  // namespace
}  // namespace callstate::tools
