#pragma once

#include <cstdio>
#include <expected>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace callstate::tools {

/// A file that is there as a whole or not at all: written beside its name, and synced
/// before it gets it. Failures are sentences.
class Archive {
 public:
  /// Replaces a half-written one of the same name, and nothing else.
  static std::expected<Archive, std::string> begin(const std::filesystem::path& path);

  /// Failures show at the end.
  void add(std::string_view line);
  /// From here on it is on the disk, under its name.
  std::expected<void, std::string> finish();

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  Archive(std::filesystem::path path, std::FILE* file) : path_(std::move(path)), file_(file) {}

  std::filesystem::path path_;
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace callstate::tools
