#pragma once

#include <cstddef>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/history/ports.hpp"

namespace rocksdb {
class DB;
}

namespace callstate::storage {

struct IndexStanding;
namespace index {
struct Difference;
}

/// Files that an index has open at a time, at most, as `descriptors_max` of a store.
constexpr std::size_t index_descriptors_max = 128 + 32;

/// Calls that one page looks at, at most, to find those that are asked for.
constexpr std::size_t calls_seen_max = 4'096;

struct CallIndexOptions {
  /// A directory of its own. All that is in it may be removed.
  std::filesystem::path path;
  /// Whether there is room on the disk to go on; empty: always. Any thread.
  std::function<bool()> has_room = {};
  /// Told, in a sentence, that what there was has been dropped, and why: it is built
  /// anew from the log. Empty: nobody is. On the thread of `open`.
  std::function<void(const std::string&)> on_rebuild = {};
};

/// What an index is of: a log, and where it begins. One that has come to begin later is
/// another log to it, so that calls which were dropped leave it.
std::string index_log_id(const std::string& log_id, call::Position first);

/// The history of calls in a RocksDB database of its own, which serves it without any
/// other database. All of it is derived: what is damaged, of another log or another
/// build, or ahead of the log is dropped by `open`, and built anew.
///
/// A position is applied with what it brings in one batch that is written past the
/// write-ahead log: a kill takes away what was not yet flushed, position and all.
///
/// The sink is one thread's, the reader's functions are any thread's. Before the first
/// `open` has succeeded there is nothing to read: a reader is given passing trouble.
class CallIndex final : public history::HistorySink, public history::HistoryReader {
 public:
  explicit CallIndex(CallIndexOptions options);
  ~CallIndex() override;  // flushes

  std::expected<Standing, history::Trouble> open(const std::string& log_id,
                                                 call::Position head) override;
  std::expected<void, history::Trouble> apply(const history::Changes& changes) override;
  std::expected<void, history::Trouble> skip(call::Position position, const std::string& reason,
                                             call::Time at) override;

  [[nodiscard]] call::Position position() const override;
  std::expected<history::CallPage, history::Trouble> calls(
      const history::CallQuery& query) const override;
  std::expected<std::optional<history::CallRow>, history::Trouble> call(
      const call::TenantId& tenant, const call::CallId& id) const override;
  std::expected<std::vector<call::Position>, history::Trouble> events(
      const call::TenantId& tenant, const call::CallId& id, call::Position after,
      std::size_t limit) const override;

  // For making it anew and holding it against the log, see call_index_maintenance.hpp.

  [[nodiscard]] const std::filesystem::path& path() const;
  [[nodiscard]] const std::function<bool()>& has_room() const;
  /// As of now; none where it is not open. Any thread.
  [[nodiscard]] std::vector<history::Skipped> skipped() const;
  /// Links a copy as of one moment, which must not exist yet. Any thread.
  std::expected<void, history::Trouble> copy_to(const std::filesystem::path& to) const;
  /// Takes what another, closed index has in the place of its own, which is removed.
  /// `open` comes next. The sink's thread.
  std::expected<void, history::Trouble> replace_by(const std::filesystem::path& other);
  /// Brings what is at these keys to what the other one has, which has come as far.
  /// `open` comes next. The sink's thread.
  std::expected<void, history::Trouble> mend(const CallIndex& truth,
                                             const std::vector<std::string>& keys);
  /// How a database with an index in it differs from this one. Neither is written
  /// meanwhile.
  std::expected<index::Difference, history::Trouble> compare(rocksdb::DB& found,
                                                             std::size_t listed_max) const;
  /// Reads what is stored without opening it, while no process has it open.
  std::expected<IndexStanding, history::Trouble> inspect() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace callstate::storage
