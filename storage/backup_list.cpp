#include "storage/detail/backup_list.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <sstream>

#include "storage/backup.hpp"
#include "storage/detail/files.hpp"

namespace callstate::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view first_line = "# callstate backup 1";
constexpr std::string_view between = "  ";

std::string hex(const call::Hash& hash) {
  std::string text;
  for (const auto byte : hash) {
    text.push_back("0123456789abcdef"[byte >> 4U]);
    text.push_back("0123456789abcdef"[byte & 0x0FU]);
  }
  return text;
}

bool from_hex(std::string_view text, call::Hash& hash) {
  if (text.size() != 2 * hash.size()) return false;
  for (std::size_t i = 0; i < hash.size(); ++i) {
    const char* const at = text.data() + 2 * i;
    const auto parsed = std::from_chars(at, at + 2, hash[i], 16);
    if (parsed.ec != std::errc{} || parsed.ptr != at + 2) return false;
  }
  return true;
}

/// No path out of the backup.
bool is_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == name.npos;
}

std::unexpected<engine::Failure> unreadable(const fs::path& file, std::string_view why) {
  return std::unexpected(engine::Failure{file.string() +
                                         " is no list of a backup's files: " + std::string(why) +
                                         "; this is no backup, or it is damaged"});
}

bool belongs_to_log(const fs::path& file) {
  const auto name = file.filename().string();
  const auto stem = file.stem().string();
  if (name == "CURRENT" || name == "IDENTITY") return true;
  if (name.starts_with("MANIFEST-") || name.starts_with("OPTIONS-")) {
    return file.extension().empty();
  }
  const bool numbered = !stem.empty() && std::ranges::all_of(stem, [](unsigned char c) {
    return std::isdigit(c) != 0;
  });
  return numbered && (file.extension() == ".sst" || file.extension() == ".log");
}

}  // namespace

std::string write_list(const BackupList& list) {
  std::ostringstream out;
  out << first_line << "\n# log " << list.log_id << " head " << list.head << " files "
      << list.files.size() << "\n";
  for (const auto& file : list.files) out << hex(file.hash) << between << file.name << "\n";
  return out.str();
}

std::expected<BackupList, engine::Failure> read_list(const fs::path& backup) {
  const auto path = backup / backup_list;
  const auto text = read_file(path);
  if (!text) {
    return std::unexpected(
        engine::Failure{text.error().message + "; " + backup.string() +
                        " is no backup, or not all of one: give the directory that `callstate "
                        "backup` wrote to"});
  }
  std::istringstream in(*text);
  std::string line;
  if (!std::getline(in, line) || line != first_line) {
    return unreadable(path, "its first line is another, or of a newer version");
  }
  BackupList list;
  std::string hash_sign;
  std::string log;
  std::string head;
  std::string files;
  std::size_t count = 0;
  in >> hash_sign >> log >> list.log_id >> head >> list.head >> files >> count;
  if (!in || hash_sign != "#" || log != "log" || head != "head" || files != "files" ||
      !std::getline(in, line)) {
    return unreadable(path, "its second line names no log");
  }
  while (std::getline(in, line)) {
    BackupList::File file;
    const auto end = line.find(between);
    if (end == line.npos || !from_hex(std::string_view(line).substr(0, end), file.hash)) {
      return unreadable(path, "a line has no SHA-256");
    }
    file.name = line.substr(end + between.size());
    if (!is_name(file.name)) return unreadable(path, "a line names no file");
    list.files.push_back(std::move(file));
  }
  if (list.files.size() != count) return unreadable(path, "lines are missing");
  return list;
}

std::expected<LogFiles, engine::Failure> log_files(const fs::path& directory) {
  LogFiles files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    if (!belongs_to_log(entry.path())) continue;
    files.names.push_back(entry.path().filename().string());
    files.bytes += entry.file_size(error);
  }
  if (error) {
    return std::unexpected(
        engine::Failure{"cannot list " + directory.string() + ": " + error.message()});
  }
  std::ranges::sort(files.names);
  return files;
}

}  // namespace callstate::storage
