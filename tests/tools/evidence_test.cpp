#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sealed_log.hpp"
#include "tools/callstate/evidence/check.hpp"
#include "tools/callstate/evidence/compose.hpp"

namespace callstate::tools {
namespace {

using storage::PublicKey;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::SealedLog;
using ::testing::SizeIs;

/// A call that two seals cover, between others.
class EvidenceFile : public ::testing::Test {
 protected:
  EvidenceFile() {
    log.noise();
    log.start_call(1, "demo");
    log.seal();
    log.end_call(1, "demo");
    log.start_call(2, "demo");
    log.seal();
  }

  [[nodiscard]] Evidence compose(std::uint8_t call = 1) const {
    auto made = compose_evidence(log.reader(), log.log_id(), {.call = SealedLog::call(call)}, keys);
    if (!made) throw std::runtime_error(made.error().message);
    return *made;
  }
  [[nodiscard]] std::string text() const { return write_evidence(compose()); }

  /// What is wrong with it; empty: nothing.
  [[nodiscard]] std::vector<std::string> wrong_with(const std::string& text) const {
    const auto found = check_evidence(text, keys);
    if (!found) return {found.error()};
    std::vector<std::string> problems;
    for (const auto& [where, what] : found->problems) problems.push_back(where + ": " + what);
    return problems;
  }
  static std::string replaced(std::string text, std::string_view from, std::string_view to) {
    const auto at = text.find(from);
    if (at == text.npos) throw std::runtime_error("there is no " + std::string(from));
    return text.replace(at, from.size(), to);
  }

  SealedLog log;
  std::vector<PublicKey> keys{*PublicKey::parse(testing::a_public_key)};
};

TEST_F(EvidenceFile, ProvesACallWithoutTheLog) {
  const auto found = check_evidence(text(), keys);
  ASSERT_TRUE(found) << found.error();
  EXPECT_THAT(wrong_with(text()), IsEmpty());
  EXPECT_EQ(found->records, 4U);
  EXPECT_EQ(found->unsealed, 0U);
  EXPECT_EQ(found->seals, 2U);
  EXPECT_EQ(found->signatures, 2U);
  EXPECT_TRUE(found->ended);
  EXPECT_THAT(render_checked(*found), HasSubstr("4 records, 2 seals, all as they were sealed"));
}

TEST_F(EvidenceFile, OfACallThatGoesOnSaysWhatIsNotSealed) {
  log.start_call(3, "late");
  log.seal();
  log.end_call(3, "late");
  const auto text = write_evidence(compose(3));
  const auto found = check_evidence(text, {});
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->good());
  EXPECT_EQ(found->unsealed, 1U);
  EXPECT_THAT(render_checked(*found),
              HasSubstr("4 records, 1 seal, the first 3 as they were sealed, the last 1 not"));
  EXPECT_THAT(render_checked(*found), HasSubstr("Not sealed yet: 1 record."));
  // Whoever has the key wants all of it proven.
  EXPECT_THAT(wrong_with(text),
              ElementsAre("record 4, position 20: it is not sealed: nothing vouches for it"));
}

TEST_F(EvidenceFile, ThatNothingSealsProvesNothing) {
  log.start_call(3, "late");
  const auto text = write_evidence(compose(3));
  EXPECT_THAT(wrong_with(text), ElementsAre("the file: none of its records is sealed: nothing "
                                            "vouches for them"));
  const auto found = check_evidence(text, {});
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->good());
  EXPECT_FALSE(found->ended);
  EXPECT_THAT(checked_json(*found), HasSubstr(R"("ok":false)"));
}

TEST_F(EvidenceFile, OfNoSuchCallOrOfAnotherTenantsIsNone) {
  const auto none = compose_evidence(log.reader(), log.log_id(), {.call = SealedLog::call(7)}, {});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().why, NoEvidence::Why::no_call);
  const auto others = compose_evidence(
      log.reader(), log.log_id(),
      {.call = SealedLog::call(1), .tenant = call::TenantId::clipped("other")}, {});
  ASSERT_FALSE(others);
  EXPECT_EQ(others.error().why, NoEvidence::Why::no_call);
}

TEST_F(EvidenceFile, UnderASealThatIsNoLongerWholeIsNone) {
  log.begin_later(log.reader().head());
  log.start_call(3, "late");
  log.end_call(3, "late");
  log.seal();
  EXPECT_THAT(wrong_with(write_evidence(compose(3))), IsEmpty());
  SealedLog other;
  other.start_call(1, "demo");  // 1, 3, 4
  other.seal();                 // 5
  other.end_call(1, "demo");    // 7
  other.seal();                 // 8
  other.begin_later(5);
  const auto none =
      compose_evidence(other.reader(), other.log_id(), {.call = SealedLog::call(1)}, {});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().why, NoEvidence::Why::outlived);
  EXPECT_THAT(none.error().message, HasSubstr("were dropped"));
}

TEST_F(EvidenceFile, OfWhatWillNeverBeSealedIsNone) {
  SealedLog late;
  late.start_call(1, "demo");  // 1, 3, 4
  late.begin_later(4);
  late.end_call(1, "demo");
  late.seal();
  const auto none =
      compose_evidence(late.reader(), late.log_id(), {.call = SealedLog::call(1)}, {});
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().why, NoEvidence::Why::outlived);
  EXPECT_THAT(none.error().message, HasSubstr("sealed no more"));
}

TEST_F(EvidenceFile, OfWhoIsNotTrustedIsRefused) {
  const std::vector<PublicKey> others{*PublicKey::parse(testing::another_public_key)};
  const auto found = check_evidence(text(), others);
  ASSERT_TRUE(found);
  ASSERT_THAT(found->problems, SizeIs(2));
  EXPECT_THAT(found->problems[0].where, HasSubstr("seal 1"));
  EXPECT_THAT(found->problems[0].what, HasSubstr("450e7e1aa8a6c87469d780b6d5c52fe1"));
  const auto by_itself = check_evidence(text(), {});
  ASSERT_TRUE(by_itself);
  EXPECT_TRUE(by_itself->good());
  EXPECT_EQ(by_itself->signatures, 0U);
  EXPECT_EQ(by_itself->unvouched, 2U);
}

TEST_F(EvidenceFile, AlteredInAnyByteIsFoundOut) {
  const auto right = text();
  for (std::size_t at = 0; at < right.size(); ++at) {
    for (const char flip : {'\x01', '\x20'}) {
      auto altered = right;
      altered[at] = static_cast<char>(altered[at] ^ flip);
      ASSERT_FALSE(wrong_with(altered).empty()) << at << ": " << altered.substr(at, 40);
    }
  }
}

TEST_F(EvidenceFile, WithAByteMoreOrLessIsFoundOut) {
  const auto right = text();
  for (std::size_t at = 0; at <= right.size(); ++at) {
    for (const char more : {' ', '\n', '0'}) {
      auto altered = right;
      altered.insert(at, 1, more);
      ASSERT_FALSE(wrong_with(altered).empty()) << at;
    }
    if (at == right.size()) break;
    auto altered = right;
    altered.erase(at, 1);
    ASSERT_FALSE(wrong_with(altered).empty()) << at;
  }
}

TEST_F(EvidenceFile, WhoseReadableTextWasAlteredNamesTheField) {
  const auto problems = wrong_with(replaced(text(), R"("by":"alice")", R"("by":"mallory")"));
  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_THAT(problems[0], HasSubstr("line 9, \"by\": "));
}

TEST_F(EvidenceFile, WhoseRecordWasAlteredNamesIt) {
  auto evidence = compose();
  auto& bytes = evidence.records[1].bytes;
  bytes[bytes.size() - 3] ^= 1;
  const auto problems = wrong_with(write_evidence(evidence));
  ASSERT_FALSE(problems.empty());
  EXPECT_THAT(problems[0], HasSubstr("record 2, position 4"));
}

TEST_F(EvidenceFile, WithoutARecordInTheMiddleIsFoundOut) {
  auto evidence = compose();
  evidence.records.erase(evidence.records.begin() + 1);
  const auto problems = wrong_with(write_evidence(evidence));
  ASSERT_THAT(problems, SizeIs(1));
  EXPECT_THAT(problems[0], HasSubstr("record 2, position 5: it does not follow"));
}

TEST_F(EvidenceFile, InAnotherOrderIsFoundOut) {
  auto evidence = compose();
  std::swap(evidence.records[1], evidence.records[2]);
  EXPECT_FALSE(wrong_with(write_evidence(evidence)).empty());
}

TEST_F(EvidenceFile, WithASealMoreOrLessIsFoundOut) {
  auto evidence = compose();
  evidence.seals.pop_back();
  EXPECT_THAT(wrong_with(write_evidence(evidence))[0], HasSubstr("is not in the file"));
  evidence = compose(2);
  auto other = compose(1);
  evidence.seals.insert(evidence.seals.begin(), other.seals.front());
  EXPECT_FALSE(wrong_with(write_evidence(evidence)).empty());
}

TEST_F(EvidenceFile, WithAForgedSealIsFoundOut) {
  // As somebody would who has the log and another key: the operator's own is not his.
  SealedLog forged(false);
  forged.start_call(1, "demo");
  forged.end_call(1, "demo");
  forged.seal();
  const auto made =
      compose_evidence(forged.reader(), forged.log_id(), {.call = SealedLog::call(1)}, {});
  const auto found = check_evidence(write_evidence(*made), keys);
  ASSERT_TRUE(found);
  ASSERT_THAT(found->problems, SizeIs(1));
  EXPECT_THAT(found->problems[0].what, HasSubstr("it is not signed"));
}

TEST_F(EvidenceFile, WithWhatDoesNotBelongThereIsFoundOut) {
  const auto right = text();
  EXPECT_THAT(wrong_with(replaced(right, " \"unsealed\"", " \"note\": 1,\n \"unsealed\"")),
              SizeIs(1));
  EXPECT_THAT(wrong_with(replaced(right, " \"unsealed\"", " \"call\": \"x\",\n \"unsealed\""))[0],
              HasSubstr("not JSON as evidence has it"));
  EXPECT_THAT(wrong_with(right + "{}")[0], HasSubstr("not JSON as evidence has it"));
  EXPECT_THAT(wrong_with(std::string(100'000, '['))[0], HasSubstr("not JSON"));
  EXPECT_THAT(wrong_with("{}")[0], HasSubstr("has no \"format\""));
  EXPECT_THAT(wrong_with("")[0], HasSubstr("not JSON"));
  EXPECT_THAT(wrong_with(std::string(evidence_bytes_max + 1, ' '))[0], HasSubstr("64 MiB"));
}

TEST(Base64, IsReadBackAndHasOneFormAlone) {
  for (const std::string bytes : {"", "f", "fo", "foo", "\xff\xfe\xfd", "foobar!"}) {
    EXPECT_EQ(from_base64(to_base64(bytes)), bytes);
  }
  EXPECT_EQ(to_base64("fo"), "Zm8=");
  for (const auto* text : {"Zm8", "Zm9=", "Zm8==", "Z", "Zm 8", "Zm8=Zm8=", "=", "Zm8_"}) {
    EXPECT_FALSE(from_base64(text)) << text;
  }
}

}  // namespace
}  // namespace callstate::tools
