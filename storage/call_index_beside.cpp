#include <rocksdb/utilities/checkpoint.h>
#include <rocksdb/write_batch.h>

#include <mutex>

#include "storage/call_index_maintenance.hpp"
#include "storage/detail/call_index_parts.hpp"
#include "storage/detail/index_compare.hpp"
#include "storage/detail/index_database.hpp"
#include "storage/detail/index_keys.hpp"

// What an index and another one beside it have to do with each other.

namespace callstate::storage {

namespace fs = std::filesystem;
using history::Trouble;

const fs::path& CallIndex::path() const {
  return parts_->options.path;
}

const std::function<bool()>& CallIndex::has_room() const {
  return parts_->options.has_room;
}

std::vector<history::Skipped> CallIndex::skipped() const {
  const std::shared_lock lock(parts_->mutex);
  std::vector<history::Skipped> found;
  if (parts_->db != nullptr) (void)parts_->read_skipped(found);
  return found;
}

std::expected<void, Trouble> CallIndex::copy_to(const fs::path& to) const {
  const std::shared_lock lock(parts_->mutex);
  if (parts_->db == nullptr) {
    return std::unexpected(
        Trouble{.message = "the index of calls is not open yet: try again a little later"});
  }
  rocksdb::Checkpoint* made = nullptr;
  auto status = rocksdb::Checkpoint::Create(parts_->db.get(), &made);
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint(made);
  if (status.ok()) status = checkpoint->CreateCheckpoint(to.string());
  if (!status.ok()) return parts_->trouble(status);
  return {};
}

std::expected<void, Trouble> CallIndex::replace_by(const fs::path& other) {
  const std::unique_lock lock(parts_->mutex);
  parts_->db.reset();
  const auto& own = parts_->options.path;
  std::error_code error;
  index::remove_database(own);
  // File by file, since the directory itself may be a link to another disk. What a
  // crash leaves of that is no index, and is built anew at the next start: the last to
  // come is what makes it one.
  for (const auto& entry : fs::directory_iterator(other, error)) {
    if (entry.path().filename() == "CURRENT") continue;
    fs::rename(entry.path(), own / entry.path().filename(), error);
    if (error) break;
  }
  if (!error) fs::rename(other / "CURRENT", own / "CURRENT", error);
  if (error) {
    return std::unexpected(Trouble{.message = "what was made anew cannot be put into " +
                                              own.string() + ": " + error.message() +
                                              "; the index of calls is built from the log"});
  }
  fs::remove_all(other, error);
  // Readers are not to find it closed until `open` comes.
  auto opened = index::open_database(own);
  if (!opened) return parts_->trouble(opened.error());
  parts_->db = *std::move(opened);
  return {};
}

std::expected<void, Trouble> CallIndex::mend(const CallIndex& truth,
                                             const std::vector<std::string>& keys) {
  if (parts_->db == nullptr || parts_->damaged) {
    return std::unexpected(
        Trouble{.message = "the index of calls is not open: it is mended another time"});
  }
  rocksdb::WriteBatch batch;
  std::string stored;
  for (const auto& key : keys) {
    const auto status = truth.parts_->db->Get({}, key, &stored);
    if (!status.ok() && !status.IsNotFound()) return truth.parts_->trouble(status);
    status.ok() ? batch.Put(key, stored) : batch.Delete(key);
  }
  return parts_->write(batch, position());
}

std::expected<index::Difference, Trouble> CallIndex::compare(rocksdb::DB& found,
                                                             std::size_t listed_max) const {
  auto difference = index::compare(*parts_->db, found, listed_max);
  if (difference) return *std::move(difference);
  return std::unexpected(
      Trouble{.kind = Trouble::Kind::lasting,
              .message = "the index of calls cannot be read: " + difference.error().ToString() +
                         "; make it anew (callstate projection rebuild index)"});
}

std::expected<IndexStanding, Trouble> CallIndex::inspect() const {
  auto opened = index::open_database(parts_->options.path);
  if (!opened) return parts_->trouble(opened.error());
  parts_->db = *std::move(opened);
  IndexStanding standing;
  std::string stored;
  const auto status = parts_->db->Get({}, index::checkpoint_key, &stored);
  const auto checkpoint =
      status.ok() ? index::decode_checkpoint(index::bytes_of(stored)) : std::nullopt;
  std::string fault = status.ok() || status.IsNotFound() ? std::string() : status.ToString();
  if (status.ok() && !checkpoint) fault = "what says how far it has come cannot be read";
  if (checkpoint) {
    standing.log_id = checkpoint->log_id;
    standing.position = checkpoint->position;
    fault = parts_->read_skipped(standing.skipped);
  }
  parts_->db.reset();
  if (fault.empty()) return standing;
  return std::unexpected(Trouble{.kind = Trouble::Kind::lasting,
                                 .message = "the index of calls in " + path().string() + ": " +
                                            fault + "; it is built anew by the next start"});
}

}  // namespace callstate::storage
