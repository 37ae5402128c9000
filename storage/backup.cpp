#include "storage/backup.hpp"

#include <algorithm>
#include <utility>

#include "storage/detail/backup_list.hpp"
#include "storage/detail/files.hpp"
#include "storage/detail/head_file.hpp"
#include "storage/detail/new_directory.hpp"
#include "storage/sha256.hpp"
#include "storage/sound.hpp"
#include "storage/store.hpp"

namespace callstate::storage {
namespace {

namespace fs = std::filesystem;
using engine::Failure;

std::expected<call::Hash, Failure> hash_of(const fs::path& file, std::uint64_t& bytes) {
  const auto content = read_file(file);
  if (!content) return std::unexpected(content.error());
  bytes += content->size();
  return sha256({reinterpret_cast<const std::uint8_t*>(content->data()), content->size()});
}

/// True when it was linked.
std::expected<bool, Failure> put(const fs::path& from, const fs::path& to, bool link) {
  std::error_code error;
  if (link) {
    fs::create_hard_link(from, to, error);
    if (!error) return true;
  }
  fs::copy_file(from, to, error);
  if (!error) return false;
  return std::unexpected(
      Failure{"cannot copy " + from.string() + " to " + to.string() + ": " + error.message()});
}

/// Opens what is in the directory and reads all of it.
std::expected<void, Failure> look_into(const fs::path& directory, Backup& about) {
  const auto log = StoredLog::open(directory);
  if (!log) return std::unexpected(log.error());
  about.log_id = (*log)->log_id();
  about.first = (*log)->reader().first();
  about.head = (*log)->reader().head();
  const auto last_at = read_all(**log);
  if (!last_at) return std::unexpected(last_at.error());
  about.last_at = *last_at;
  return (*log)->verify_checksums();
}

std::uint64_t size_of(const fs::path& directory, const BackupList& list) {
  std::uint64_t bytes = 0;
  for (const auto& file : list.files) {
    std::error_code missing;
    const auto size = fs::file_size(directory / file.name, missing);
    if (!missing) bytes += size;
  }
  return bytes;
}

/// Every file of the list is as it says, and there are no others.
std::expected<void, Failure> check_files(const fs::path& directory, const BackupList& list,
                                         Backup& about, const BackupProgress& progress) {
  const auto all = size_of(directory, list);
  for (const auto& file : list.files) {
    const auto hash = hash_of(directory / file.name, about.bytes);
    if (!hash) return std::unexpected(hash.error());
    if (*hash != file.hash) {
      return std::unexpected(Failure{(directory / file.name).string() +
                                     " was altered since the backup was made: its SHA-256 is "
                                     "another; take another backup"});
    }
    progress(about.bytes, all);
  }
  about.files = list.files.size();
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(directory, error)) {
    const auto name = entry.path().filename().string();
    if (name == backup_list ||
        std::ranges::find(list.files, name, &BackupList::File::name) != list.files.end()) {
      continue;
    }
    return std::unexpected(Failure{entry.path().string() +
                                   " is in the backup and not in its list; take it away, or take "
                                   "another backup"});
  }
  return {};
}

}  // namespace

std::expected<Backup, Failure> make_backup(const fs::path& from, const fs::path& to, bool link,
                                           const BackupProgress& progress) {
  const auto source = StoredLog::open(from);  // keeps servers out meanwhile
  if (!source) return std::unexpected(source.error());
  auto directory = NewDirectory::begin(to);
  if (!directory) return std::unexpected(directory.error());
  const auto files = log_files(from);
  if (!files) return std::unexpected(files.error());

  Backup made;
  BackupList list;
  const auto add = [&](const std::string& name) -> std::expected<void, Failure> {
    const auto hash = hash_of(directory->path() / name, made.bytes);
    if (!hash) return std::unexpected(hash.error());
    list.files.push_back({name, *hash});
    progress(made.bytes, files->bytes);
    return {};
  };
  for (const auto& name : files->names) {
    const bool table = fs::path(name).extension() == ".sst";
    const auto linked = put(from / name, directory->path() / name, link && table);
    if (!linked) return std::unexpected(linked.error());
    if (*linked) ++made.linked;
    if (auto added = add(name); !added) return std::unexpected(added.error());
  }
  if (auto sound = look_into(directory->path(), made); !sound) {
    return std::unexpected(sound.error());
  }
  // So that a backup whose end is lost later is not taken for a whole one.
  if (made.head > 0) {
    if (!write_head(directory->path(), made.head)) {
      return std::unexpected(Failure{"cannot write into " + directory->path().string()});
    }
    const auto name = head_file(directory->path()).filename().string();
    if (auto added = add(name); !added) return std::unexpected(added.error());
  }
  made.files = list.files.size();
  list.log_id = made.log_id;
  list.head = made.head;
  if (!replace_file(directory->path() / backup_list, write_list(list))) {
    return std::unexpected(Failure{"cannot write into " + directory->path().string()});
  }
  if (auto kept = directory->keep(); !kept) return std::unexpected(kept.error());
  return made;
}

std::expected<Backup, Failure> verify_backup(const fs::path& backup,
                                             const BackupProgress& progress) {
  const auto list = read_list(backup);
  if (!list) return std::unexpected(list.error());
  Backup about;
  if (auto same = check_files(backup, *list, about, progress); !same) {
    return std::unexpected(same.error());
  }
  if (auto sound = look_into(backup, about); !sound) return std::unexpected(sound.error());
  if (about.log_id != list->log_id || about.head != list->head) {
    return std::unexpected(Failure{"the backup in " + backup.string() + " holds log " +
                                   about.log_id + " up to " + std::to_string(about.head) +
                                   ", and its list says " + list->log_id + " up to " +
                                   std::to_string(list->head) + "; take another backup"});
  }
  return about;
}

std::expected<Backup, Failure> restore_backup(const fs::path& backup, const fs::path& to,
                                              const BackupProgress& progress) {
  auto directory = NewDirectory::begin(to);
  if (!directory) return std::unexpected(directory.error());
  auto about = verify_backup(backup, progress);
  if (!about) return about;
  const auto list = read_list(backup);
  if (!list) return std::unexpected(list.error());
  for (const auto& file : list->files) {
    // Not linked: nothing that befalls the one is to befall the other.
    const auto copied = put(backup / file.name, directory->path() / file.name, false);
    if (!copied) return std::unexpected(copied.error());
  }
  Backup copied;
  if (auto same = check_files(directory->path(), *list, copied, progress); !same) {
    return std::unexpected(same.error());
  }
  if (auto kept = directory->keep(); !kept) return std::unexpected(kept.error());
  return about;
}

}  // namespace callstate::storage
