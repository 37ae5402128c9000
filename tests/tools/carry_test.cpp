#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <sstream>

#include "carried_text.hpp"
#include "core/call/evolve.hpp"
#include "storage/log_maker.hpp"
#include "storage/store.hpp"
#include "storage/stores.hpp"
#include "tools/callstate/report/verification.hpp"

// Exports and imports: nothing is lost, and nothing else is taken.

namespace callstate::tools {
namespace {

namespace fs = std::filesystem;
using storage::testing::TemporaryDirectory;
using testing::a_log_id;
using testing::calls;
using testing::EncodedLog;
using testing::export_text;
using ::testing::HasSubstr;
using testing::import_text;
using testing::joined;
using testing::lines_of;
using ::testing::Not;
using testing::RandomRecords;

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
  direct.back() = lines_of(text).back();  // the digest is of the first line too
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
