#include "tools/callstate/new_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "storage/stores.hpp"

namespace callstate::tools {
namespace {

namespace fs = std::filesystem;
using storage::testing::bytes_of;
using storage::testing::TemporaryDirectory;
using storage::testing::write_bytes;
using ::testing::HasSubstr;

std::string finished(const fs::path& path, NewFile::Existing existing, std::string_view text) {
  auto file = NewFile::begin(path, existing);
  if (!file) return file.error();
  EXPECT_TRUE(file->put(text));
  const auto done = file->finish();
  return done ? "" : done.error();
}

TEST(NewFile, IsThereAsAWholeOrNotAtAll) {
  const TemporaryDirectory directory;
  const auto path = directory / "file";
  {
    auto file = NewFile::begin(path);
    ASSERT_TRUE(file);
    file->put("half");
    EXPECT_FALSE(fs::exists(path));
  }
  EXPECT_TRUE(fs::is_empty(directory.path())) << "what was given up leaves nothing";
  EXPECT_EQ(finished(path, NewFile::Existing::refused, "all"), "");
  EXPECT_EQ(bytes_of(path), "all");
}

TEST(NewFile, NeverTakesThePlaceOfAnother) {
  const TemporaryDirectory directory;
  const auto path = directory / "file";
  write_bytes(path, "mine");
  for (const auto existing : {NewFile::Existing::refused, NewFile::Existing::same_is_fine}) {
    EXPECT_THAT(finished(path, existing, "other"), HasSubstr("exists already"));
    EXPECT_EQ(bytes_of(path), "mine");
  }
  EXPECT_EQ(finished(path, NewFile::Existing::same_is_fine, "mine"), "");
  EXPECT_FALSE(fs::exists(directory / "file.part"));
  EXPECT_THAT(finished(directory / "none" / "file", NewFile::Existing::refused, ""),
              HasSubstr("No such file or directory"));
}

TEST(NewFile, IsRefusedWhereOneHasComeMeanwhile) {
  const TemporaryDirectory directory;
  const auto path = directory / "file";
  auto file = NewFile::begin(path);
  ASSERT_TRUE(file);
  write_bytes(path, "theirs");
  const auto done = file->finish();
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error(), HasSubstr("exists already"));
  EXPECT_EQ(bytes_of(path), "theirs");
}

}  // namespace
}  // namespace callstate::tools
