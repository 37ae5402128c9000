#pragma once

#include <cstdint>
#include <cstdio>
#include <expected>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace callstate::tools {

/// A file that is there as a whole or not at all: written beside its name, and synced
/// before it gets it. Of what is there under that name nothing is ever lost. Failures
/// are sentences without their end.
class NewFile {
 public:
  enum class Existing : std::uint8_t {
    refused,
    same_is_fine,  // one that holds the same is taken for it, as after a kill
  };
  static std::expected<NewFile, std::string> begin(const std::filesystem::path& path,
                                                   Existing existing = Existing::refused);
  /// Without `finish` nothing is left behind.
  ~NewFile();
  NewFile(NewFile&&) noexcept = default;
  NewFile& operator=(NewFile&&) = delete;

  bool put(std::string_view text);
  /// From here on it is on the disk, under its name.
  std::expected<void, std::string> finish();

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  NewFile(std::filesystem::path path, Existing existing, std::FILE* file)
      : path_(std::move(path)), existing_(existing), file_(file) {}

  std::filesystem::path path_;
  Existing existing_;
  std::unique_ptr<std::FILE, Close> file_;  // null: finished, or moved from
};

}  // namespace callstate::tools
