#include "storage/backup.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/chained_log.hpp"

namespace callstate::storage::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

const BackupProgress unseen = [](std::uint64_t, std::uint64_t) {};

/// A stopped log of 300 records, some of them in its write-ahead log only.
class Backups : public ::testing::Test {
 protected:
  Backups() {
    ChainedLog records;
    records.append(*open(directory_ / "live"), 200);
    const auto store = open(directory_ / "live");
    records.append(*store, 100);
    copy_files(directory_ / "live", log_);
  }

  [[nodiscard]] std::string refusal() const {
    const auto found = verify_backup(backup_, unseen);
    return found ? std::string() : found.error().message;
  }
  void alter(const std::string& name, const std::function<void(std::string&)>& how) const {
    auto bytes = bytes_of(backup_ / name);
    how(bytes);
    write_bytes(backup_ / name, bytes);
  }

  TemporaryDirectory directory_;
  fs::path log_ = directory_ / "log";
  fs::path backup_ = directory_ / "backup";
};

TEST_F(Backups, HoldAllRecordsAndAreVerified) {
  const auto made = make_backup(log_, backup_, true, unseen);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->head, 300U);
  EXPECT_GT(made->linked, 0U);
  const auto found = verify_backup(backup_, unseen);
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->head, 300U);
  EXPECT_EQ(found->files, made->files);
  EXPECT_EQ(found->bytes, made->bytes);
  EXPECT_FALSE(fs::exists(backup_.string() + ".making"));
}

TEST_F(Backups, ListTheirFilesAsSha256sumDoes) {
  ASSERT_TRUE(make_backup(log_, backup_, false, unseen));
  const auto check = "cd " + backup_.string() + " && sha256sum --check --strict --quiet SHA256SUMS";
  EXPECT_EQ(std::system(check.c_str()), 0);
  alter("CURRENT", [](std::string& bytes) { bytes[0] ^= 1; });
  EXPECT_NE(std::system((check + " >/dev/null 2>&1").c_str()), 0);
}

TEST_F(Backups, AreOfALiveServersCheckpointToo) {
  const auto store = open(directory_ / "live");
  ASSERT_TRUE(store->make_checkpoint(directory_ / "checkpoint"));
  const auto made = make_backup(directory_ / "checkpoint", backup_, true, unseen);
  ASSERT_TRUE(made) << made.error().message;
  fs::remove_all(directory_ / "checkpoint");
  EXPECT_EQ(refusal(), "");
}

TEST_F(Backups, OfALogThatIsServedAreNotMadePastTheServer) {
  const auto store = open(directory_ / "live");
  const auto made = make_backup(directory_ / "live", backup_, true, unseen);
  ASSERT_FALSE(made);
  EXPECT_THAT(made.error().message, HasSubstr("in use"));
  EXPECT_FALSE(fs::exists(backup_));
}

TEST_F(Backups, AcrossFileSystemsAreCopied) {
  struct Removed {
    fs::path path;
    ~Removed() { fs::remove_all(path); }
  } const other{"/dev/shm/callstate-backup-" + directory_.path().filename().string()};
  ASSERT_TRUE(fs::exists("/dev/shm")) << "a second file system is needed";
  const auto made = make_backup(log_, other.path, true, unseen);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_TRUE(verify_backup(other.path, unseen));
}

TEST_F(Backups, WithAnAlteredMissingOrForeignFileAreRefused) {
  ASSERT_TRUE(make_backup(log_, backup_, false, unseen));
  const auto table = file_in(backup_, ".sst").filename().string();
  alter(table, [](std::string& bytes) { bytes[bytes.size() / 2] ^= 1; });
  EXPECT_THAT(refusal(), HasSubstr(table + " was altered"));
  alter(table, [](std::string& bytes) { bytes[bytes.size() / 2] ^= 1; });
  EXPECT_EQ(refusal(), "");
  write_bytes(backup_ / "000999.log", "more");
  EXPECT_THAT(refusal(), HasSubstr("000999.log is in the backup and not in its list"));
  fs::remove(backup_ / "000999.log");
  fs::remove(backup_ / table);
  EXPECT_THAT(refusal(), HasSubstr(table));
}

TEST_F(Backups, WithAnAlteredListAreRefused) {
  ASSERT_TRUE(make_backup(log_, backup_, false, unseen));
  const std::string list(backup_list);
  const auto whole = bytes_of(backup_ / list);
  alter(list, [](std::string& bytes) { bytes.erase(bytes.rfind('\n', bytes.size() - 2) + 1); });
  EXPECT_THAT(refusal(), HasSubstr("lines are missing"));
  write_bytes(backup_ / list, whole);
  alter(list, [](std::string& bytes) { bytes.replace(bytes.find("head 300"), 8, "head 299"); });
  EXPECT_THAT(refusal(), HasSubstr("its list says"));
  write_bytes(backup_ / list, whole);
  alter(list, [](std::string& bytes) { bytes.replace(bytes.find("CURRENT"), 7, "../URRE"); });
  EXPECT_THAT(refusal(), HasSubstr("names no file"));
  fs::remove(backup_ / list);
  EXPECT_THAT(refusal(), HasSubstr(": No such file or directory. Nothing was changed; " +
                                   backup_.string() + " is no backup"));
}

TEST_F(Backups, AreNotMadeOfADamagedLog) {
  const auto table = file_in(log_, ".sst");
  auto bytes = bytes_of(table);
  bytes[bytes.size() / 3] ^= 1;
  write_bytes(table, bytes);
  EXPECT_FALSE(make_backup(log_, backup_, true, unseen));
  EXPECT_FALSE(fs::exists(backup_));
  EXPECT_FALSE(fs::exists(backup_.string() + ".making"));
}

TEST_F(Backups, AreRestoredAndGoOn) {
  ASSERT_TRUE(make_backup(log_, backup_, true, unseen));
  const auto target = directory_ / "restored";
  const auto made = restore_backup(backup_, target, unseen);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(made->head, 300U);
  {
    const auto store = open(target);
    EXPECT_EQ(positions_in(store->reader()).size(), 300U);
    append(*store, 5);
  }
  EXPECT_EQ(refusal(), "") << "what befalls the log leaves the backup alone";
  EXPECT_FALSE(restore_backup(backup_, target, unseen)) << "not over a log";
}

TEST_F(Backups, ThatAreNotSoundAreNotRestored) {
  ASSERT_TRUE(make_backup(log_, backup_, false, unseen));
  alter("CURRENT", [](std::string& bytes) { bytes[0] ^= 1; });
  EXPECT_FALSE(restore_backup(backup_, directory_ / "restored", unseen));
  EXPECT_FALSE(fs::exists(directory_ / "restored"));
}

}  // namespace
}  // namespace callstate::storage::testing
