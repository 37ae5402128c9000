#include "storage/call_index_maintenance.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <utility>

#include "core/history/call_history.hpp"
#include "storage/detail/call_index_parts.hpp"
#include "storage/detail/index_compare.hpp"
#include "storage/detail/index_database.hpp"
#include "storage/detail/index_keys.hpp"

namespace callstate::storage {
namespace {

namespace fs = std::filesystem;
using history::OnProgress;
using history::Progress;
using history::Rebuilt;
using history::Trouble;
using history::Verified;
using Done = std::expected<void, Trouble>;

constexpr call::Position batch_records = 4'096;

fs::path beside(const fs::path& path, const char* what) {
  // It may be a link to another disk, and files are linked and moved between them.
  std::error_code error;
  auto name = fs::weakly_canonical(path, error);
  if (error) name = fs::absolute(path);
  return name += what;
}
fs::path anew(const CallIndex& index) {
  return beside(index.path(), ".anew");
}

std::unexpected<Trouble> lasting(std::string message) {
  return std::unexpected(Trouble{.kind = Trouble::Kind::lasting, .message = std::move(message)});
}

/// The index that is made beside another one. One thread.
class Shadow {
 public:
  Shadow(const CallIndex& beside, const IndexSource& source)
      : source_(source),
        path_(anew(beside)),
        index_(std::make_unique<CallIndex>(
            CallIndexOptions{.path = path_, .has_room = beside.has_room()})) {}

  [[nodiscard]] call::Position position() const { return index_->position(); }
  [[nodiscard]] const CallIndex& index() const { return *index_; }
  [[nodiscard]] const fs::path& path() const { return path_; }

  /// Goes on with what an earlier run has left, unless that is beyond `upto`.
  Done open(call::Position upto, std::vector<history::Skipped> skipped) {
    for (auto& each : skipped) skipped_.emplace(each.position, std::move(each));
    auto standing = index_->open(source_.log_id, source_.log.head());
    if (standing && standing->position > upto) {
      close();
      index::remove_database(path_);
      index_ = std::make_unique<CallIndex>(CallIndexOptions{.path = path_});
      standing = index_->open(source_.log_id, source_.log.head());
    }
    if (!standing) return std::unexpected(standing.error());
    history_ = history::CallHistory(standing->live);
    return {};
  }

  /// False: stopped.
  std::expected<bool, Trouble> fill(call::Position upto, const OnProgress& on_progress) {
    const auto began = std::chrono::steady_clock::now();
    const auto from = position();
    while (position() < upto) {
      if (auto done = fold(std::min(upto, position() + batch_records)); !done)
        return std::unexpected(done.error());
      const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
      const auto rate = static_cast<double>(position() - from) / std::max(took.count(), 1e-6);
      if (!on_progress({Progress::Step::folding, position(), upto, rate})) return false;
    }
    return true;
  }

  /// Closed, it can be put in another's place.
  void close() { index_.reset(); }

 private:
  /// Up to there, but for what is skipped.
  Done fold(call::Position upto) {
    auto next = skipped_.upper_bound(position());
    while (next != skipped_.end() && next->first <= upto) {
      if (auto done = apply(next->first - 1); !done) return done;
      const auto& [at, skip] = *next;
      if (auto done = index_->skip(at, skip.reason, skip.at); !done) return done;
      ++next;
    }
    return apply(upto);
  }
  Done apply(call::Position upto) {
    if (upto <= position()) return {};
    const auto first = source_.log.first();
    auto seen = position();
    const auto read = source_.log.read(position() + 1, upto,
                                       [&](const call::Record& record, const engine::RecordHash&) {
                                         if (!engine::follows(seen, record.position, first))
                                           return false;
                                         history_.add(record);
                                         seen = record.position;
                                         return true;
                                       });
    if (!read) return lasting(read.error().message);
    if (seen != upto && upto >= first) {
      return lasting("the log gives no record " + std::to_string(seen + 1) +
                     ": look at it with callstate verify");
    }
    auto changes = history_.take();
    changes.position = upto;
    return index_->apply(changes);
  }

  const IndexSource& source_;
  const fs::path path_;
  std::unique_ptr<CallIndex> index_;
  history::CallHistory history_;
  std::map<call::Position, history::Skipped> skipped_;
};

/// A copy of an index as of one moment, removed with this.
class Copy {
 public:
  explicit Copy(const CallIndex& index) : path_(beside(index.path(), ".compared")) {
    fs::remove_all(path_, ignored_);
  }
  ~Copy() {
    db_.reset();
    fs::remove_all(path_, ignored_);
  }
  Copy(const Copy&) = delete;
  Copy& operator=(const Copy&) = delete;

  Done make(const CallIndex& index) {
    if (auto copied = index.copy_to(path_); !copied) return copied;
    auto opened = index::open_database(path_);
    if (!opened) return lasting(unreadable(opened.error().ToString()));
    db_ = *std::move(opened);
    std::string stored;
    const auto status = db_->Get({}, index::checkpoint_key, &stored);
    const auto checkpoint =
        status.ok() ? index::decode_checkpoint(index::bytes_of(stored)) : std::nullopt;
    if (!status.IsNotFound() && !checkpoint)
      return lasting(unreadable("what says how far it has come cannot be read"));
    position_ = checkpoint ? checkpoint->position : 0;
    return {};
  }
  [[nodiscard]] call::Position position() const { return position_; }
  [[nodiscard]] rocksdb::DB& db() const { return *db_; }

 private:
  static std::string unreadable(const std::string& why) {
    return "the index of calls cannot be compared: " + why +
           "; make it anew (callstate projection rebuild index)";
  }

  const fs::path path_;
  std::error_code ignored_;
  std::unique_ptr<rocksdb::DB> db_;
  call::Position position_ = 0;
};

Done mend(CallIndex& index, Shadow& shadow, const IndexSource& source,
          const std::vector<std::string>& keys) {
  return source.alone([&]() -> Done {
    if (index.position() < shadow.position()) {
      return std::unexpected(
          Trouble{.message = "the index of calls was begun anew meanwhile: verify it once more"});
    }
    const auto go_on = [](const Progress&) { return true; };
    if (auto filled = shadow.fill(index.position(), go_on); !filled)
      return std::unexpected(filled.error());
    return index.mend(shadow.index(), keys);
  });
}

}  // namespace

std::expected<Rebuilt, Trouble> rebuild(CallIndex& index, const IndexSource& source,
                                        const OnProgress& on_progress) {
  Shadow shadow(index, source);
  if (auto opened = shadow.open(source.log.head(), index.skipped()); !opened)
    return std::unexpected(opened.error());
  // The log goes on meanwhile: as long as that is more than a moment's worth.
  do {
    const auto filled = shadow.fill(source.log.head(), on_progress);
    if (!filled) return std::unexpected(filled.error());
    if (!*filled) return Rebuilt{.finished = false, .position = shadow.position()};
  } while (source.log.head() - shadow.position() > batch_records);
  Rebuilt rebuilt{.finished = true, .position = shadow.position()};
  if (!on_progress({Progress::Step::replacing, rebuilt.position, rebuilt.position, 0}))
    return Rebuilt{.finished = false, .position = rebuilt.position};
  const auto swapped = source.alone([&]() -> Done {
    // What readers have seen stays.
    const auto go_on = [](const Progress&) { return true; };
    if (auto filled = shadow.fill(index.position(), go_on); !filled)
      return std::unexpected(filled.error());
    rebuilt.position = shadow.position();
    shadow.close();
    return index.replace_by(shadow.path());
  });
  if (!swapped) return std::unexpected(swapped.error());
  return rebuilt;
}

std::expected<Verified, Trouble> verify(CallIndex& index, const IndexSource& source, bool repair,
                                        const OnProgress& on_progress) {
  Copy copy(index);
  if (auto made = copy.make(index); !made) return std::unexpected(made.error());
  Verified verified{.position = copy.position()};
  Shadow shadow(index, source);
  if (auto opened = shadow.open(copy.position(), index.skipped()); !opened)
    return std::unexpected(opened.error());
  const auto report = [&](Progress::Step step) {
    return on_progress({step, copy.position(), copy.position(), 0});
  };
  const auto filled = shadow.fill(copy.position(), on_progress);
  if (!filled) return std::unexpected(filled.error());
  if (!*filled || !report(Progress::Step::comparing)) return verified;
  auto difference = shadow.index().compare(copy.db(), index_drift_max);
  if (!difference) return std::unexpected(difference.error());
  verified.calls = difference->calls;
  verified.events = difference->events;
  verified.drift = std::move(difference->drift);
  verified.more = difference->more;
  if (repair && !difference->keys.empty()) {
    if (!report(Progress::Step::replacing)) return verified;
    if (auto mended = mend(index, shadow, source, difference->keys); !mended)
      return std::unexpected(mended.error());
    verified.repaired = difference->keys.size();
  }
  shadow.close();
  std::error_code ignored;
  fs::remove_all(shadow.path(), ignored);
  verified.finished = true;
  return verified;
}

std::expected<IndexStanding, Trouble> inspect_index(const fs::path& path) {
  std::error_code error;
  if (!fs::exists(path / "CURRENT", error)) return IndexStanding{};
  const CallIndex index({.path = path});
  return index.inspect();
}

void drop_index(const std::filesystem::path& path) {
  index::remove_database(path);
  index::remove_database(beside(path, ".anew"));
}

}  // namespace callstate::storage
