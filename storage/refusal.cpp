#include "storage/detail/refusal.hpp"

#include <algorithm>

#include "storage/detail/damage_text.hpp"
#include "storage/detail/head_file.hpp"
#include "storage/detail/inventory.hpp"

namespace callstate::storage {
namespace {

using engine::Failure;

call::Position last_of(const std::vector<Extent>& runs) {
  return runs.empty() ? 0 : runs.back().last;
}

std::string intro(const std::filesystem::path& path) {
  return "the log in " + path.string() + " is damaged: ";
}

}  // namespace

Failure damaged_wal(const std::filesystem::path& path, rocksdb::Env* env,
                    const std::vector<WalFile>& files) {
  const auto damaged = std::ranges::find(files, WalFile::Tail::damaged, &WalFile::tail);
  const std::vector<WalFile> before(files.begin(), damaged + 1);
  std::string whom;
  for (const auto& file : before) {
    if (!file.found.empty()) whom = after_whom(file.last_value);
  }
  // Where no record of the write-ahead log is left, the tables tell.
  const auto found = positions_found(path, env, before);
  if (!found) return found.error();
  const auto last = last_of(*found);
  const auto where = damaged->path.filename().string() + " has " + damaged->trouble + " at byte " +
                     std::to_string(damaged->tail_offset);
  auto message = intro(path);
  if (damaged->next > last + 1) {
    message += are_missing({{last + 1, damaged->next - 1}}) + " from its write-ahead log" + whom +
               ": " + where;
  } else if (damaged->next != 0) {
    message += where + ", and RocksDB would not read on behind it; no position is missing there";
  } else {
    message += where + "; what can be read ends at position " + std::to_string(last) +
               ", and what came after, from position " + std::to_string(last + 1) +
               " on, cannot be" + whom;
  }
  return with_advice(message);
}

Failure lost_end(const std::filesystem::path& path, call::Position end,
                 call::Position acknowledged) {
  return with_advice("the log in " + path.string() + " ends at " + std::to_string(end) +
                     ", but position " + std::to_string(acknowledged) +
                     " had been acknowledged: " + are_missing({{end + 1, acknowledged}}) +
                     " (by the file " + head_file(path).string() +
                     "; remove it if an older log was put here on purpose)");
}

Failure lost_end(const std::filesystem::path& path, rocksdb::Env* env,
                 const std::vector<WalFile>& files, call::Position acknowledged) {
  const auto found = positions_found(path, env, files);
  return found ? lost_end(path, last_of(*found), acknowledged) : found.error();
}

Failure refused_open(const std::filesystem::path& path, rocksdb::Env* env,
                     const rocksdb::Status& status, const WalWatch& watch) {
  const auto text = status.ToString();
  if (status.IsInvalidArgument() && text.find("families not opened") != std::string::npos) {
    return {"the log in " + path.string() + " holds other families than this version's (" + text +
            "): it was written by a newer version, or by another program; open it with that"};
  }
  if (auto passing = trouble(path, text)) return *passing;
  if (text.find("lock ") != std::string::npos && text.find("LOCK") != std::string::npos) {
    return {path.string() + " is in use by another program (" + text + "); stop that program"};
  }
  if (status.IsNoSpace()) {
    return {"the log in " + path.string() + " cannot be opened: " + text +
            "; make room on the disk, then start again"};
  }
  // The write-ahead log goes on behind a hole that RocksDB itself did not mind.
  if (const auto holes = watch.holes(); !holes.empty()) {
    return with_advice(intro(path) + are_missing(holes) + " from its write-ahead log" +
                       after_whom(watch.before_hole()));
  }
  const auto files = read_wal(path);
  if (!files) return files.error();
  // A table file is gone, or the list of files is.
  const auto found = positions_found(path, env, *files);
  if (!found) return found.error();
  auto missing = gaps(*found);
  const auto last = last_of(*found);
  if (const auto head = read_head(path); head > last) missing.push_back({last + 1, head});
  if (!missing.empty()) return with_advice(intro(path) + are_missing(missing) + "; " + text);
  return with_advice(intro(path) + text + "; of the log no position up to " + std::to_string(last) +
                     " is missing in its files");
}

}  // namespace callstate::storage
