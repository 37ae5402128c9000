#pragma once

#include <cstdint>
#include <cstdio>
#include <expected>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "tools/callstate/carry/header.hpp"
#include "tools/callstate/report/trouble.hpp"

namespace callstate::tools {

/// A file's lines, one at a time. Does not own the file.
class Lines {
 public:
  explicit Lines(std::FILE* file) : file_(file) {}

  /// The next without its end, valid until the one after; nothing at the file's end,
  /// or when it cannot be read. Of one that is longer than `line_bytes_max` so much
  /// that it shows, and nothing after.
  std::optional<std::string_view> next();

  [[nodiscard]] bool failed() const { return std::ferror(file_) != 0; }
  /// Of the file, that `next` has gone over.
  [[nodiscard]] std::uint64_t bytes() const { return bytes_; }

 private:
  bool fill();

  std::FILE* file_;
  std::string text_;
  std::size_t at_ = 0;
  std::uint64_t bytes_ = 0;
};

struct Imported {
  Header header;
  std::uint64_t records = 0;
};

/// Makes a log in `path` of an export. Refuses one that is not as `export_log` wrote
/// it, naming the line and the field; then there is no log. `progress` is called now
/// and then.
std::expected<Imported, Trouble> import_log(Lines& lines, const std::filesystem::path& path,
                                            const std::function<void()>& progress);

}  // namespace callstate::tools
