#include "storage/repair.hpp"

#include <map>
#include <optional>
#include <span>
#include <utility>

#include "storage/chain_checker.hpp"
#include "storage/detail/damage_text.hpp"
#include "storage/detail/directory_lock.hpp"
#include "storage/detail/salvage.hpp"
#include "storage/log_maker.hpp"
#include "storage/record_codec.hpp"
#include "storage/sha256.hpp"
#include "storage/sound.hpp"
#include "storage/stream_text.hpp"

namespace callstate::storage {
namespace {

using engine::Failure;

constexpr call::Position records_between_looks = 1024;

std::span<const std::uint8_t> span_of(std::string_view bytes) {
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

/// What is wrong with the log; empty: nothing. Fails where that cannot be told.
std::expected<std::string, Failure> damage_in(const std::filesystem::path& path) {
  const auto log = StoredLog::open(path);
  if (!log) {
    if (is_damage(log.error())) return log.error().message;
    return std::unexpected(log.error());
  }
  const auto read = read_all(**log);
  return read ? std::string() : read.error().message;
}

/// Takes records in order, and says why one does not follow.
class Follower {
 public:
  explicit Follower(std::shared_ptr<const engine::Beginning> beginning)
      : chains_(std::move(beginning)) {}

  /// Empty when it does.
  std::string take(call::Position position, std::optional<std::string_view> bytes) {
    const auto number = std::to_string(position);
    if (!bytes) return "position " + number + " is missing, or its bytes are damaged";
    if (const auto why = decoder_.decode(span_of(*bytes), record_); !why.empty()) {
      return "position " + number + " cannot be used: " + std::string(why);
    }
    record_.position = position;
    const auto follows = chains_.check(record_, sha256(span_of(*bytes)));
    return follows ? std::string() : follows.error().message;
  }

 private:
  RecordDecoder decoder_;
  call::Record record_;
  ChainChecker chains_;
};

Failure nothing_kept(const std::filesystem::path& path, const std::string& why) {
  return {"of the log in " + path.string() + " no record can be kept: " + why +
          "; restore a backup"};
}

Failure no_beginning(const std::filesystem::path& path) {
  return {"older calls were dropped from the log in " + path.string() +
          ", and what it goes on from cannot be read: without that its records are of no use; "
          "restore a backup"};
}

void list_cut(Salvage& salvage, Repaired& repaired, const RepairProgress& progress) {
  RecordDecoder decoder;
  call::Record record;
  std::map<std::string, CutStream> streams;
  for (auto position = repaired.kept + 1; position <= repaired.end; ++position) {
    if (position % records_between_looks == 0) progress(position, repaired.end);
    const auto bytes = salvage.at(position);
    if (!bytes || !decoder.decode(span_of(*bytes), record).empty()) continue;
    ++repaired.readable;
    const auto name = describe(record.stream);
    auto found = streams.find(name);
    if (found == streams.end()) {
      if (streams.size() == cut_streams_max) {
        ++repaired.more_records;
        continue;
      }
      found = streams.try_emplace(name, CutStream{.stream = name, .first = position}).first;
    }
    CutStream& stream = found->second;
    ++stream.records;
    stream.last = position;
    if (!record.call.empty()) stream.calls.insert(record.call);
  }
  for (auto& [name, stream] : streams) repaired.streams.push_back(std::move(stream));
}

}  // namespace

std::expected<Repaired, Failure> repair(const std::filesystem::path& path,
                                        const std::filesystem::path& out,
                                        const RepairProgress& progress) {
  Repaired repaired;
  auto damage = damage_in(path);
  if (!damage) return std::unexpected(damage.error());
  if (damage->empty()) return repaired;
  repaired.damage = *std::move(damage);

  const auto lock = DirectoryLock::take(path, DirectoryLock::Use::read);
  if (!lock) return std::unexpected(lock.error());
  auto salvage = Salvage::open(path);
  if (!salvage) return std::unexpected(salvage.error());
  if (salvage->is_part()) {
    return std::unexpected(
        Failure{path.string() + " holds a part of a log, made by `import`: import it again"});
  }
  const auto& beginning = salvage->beginning();
  if (salvage->begins_later() && !beginning) return std::unexpected(no_beginning(path));
  auto maker = LogMaker::begin(
      out, {.log_id = salvage->log_id(), .carried = salvage->carried(), .beginning = beginning});
  if (!maker) return std::unexpected(maker.error());
  repaired.log_id = salvage->log_id();
  repaired.new_log_id = repaired.log_id.empty();
  repaired.end = salvage->end();

  Follower follower(beginning);
  if (beginning) {
    for (const auto position : beginning->kept) {
      const auto bytes = salvage->at(position);
      repaired.why = follower.take(position, bytes);
      if (!repaired.why.empty()) return std::unexpected(nothing_kept(path, repaired.why));
      if (auto added = (*maker)->add_bytes(span_of(*bytes)); !added) {
        return std::unexpected(added.error());
      }
    }
    repaired.first = beginning->first;
    repaired.kept = beginning->first - 1;
    repaired.kept_before = beginning->kept.size();
  }
  for (auto position = repaired.kept + 1; position <= repaired.end; ++position) {
    if (position % records_between_looks == 0) progress(position, repaired.end);
    const auto bytes = salvage->at(position);
    repaired.why = follower.take(position, bytes);
    if (!repaired.why.empty()) break;
    if (auto added = (*maker)->add_bytes(span_of(*bytes)); !added) {
      return std::unexpected(added.error());
    }
    repaired.kept = position;
  }
  if (repaired.kept < repaired.first) return std::unexpected(nothing_kept(path, repaired.why));
  if (salvage->acknowledged() > repaired.kept) {
    repaired.acknowledged = salvage->acknowledged() - repaired.kept;
  }
  list_cut(*salvage, repaired, progress);
  if (auto finished = (*maker)->finish(); !finished) return std::unexpected(finished.error());
  const auto made = StoredLog::open(out);
  if (!made) return std::unexpected(made.error());
  repaired.log_id = (*made)->log_id();
  return repaired;
}

}  // namespace callstate::storage
