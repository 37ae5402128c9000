#include "storage/detail/wal_file.hpp"

#include <algorithm>
#include <cctype>
#include <optional>
#include <string_view>
#include <utility>

#include "storage/detail/damage_text.hpp"
#include "storage/detail/files.hpp"
#include "storage/detail/wal_batch.hpp"
#include "storage/detail/wal_file_system.hpp"

namespace callstate::storage {
namespace {

// The format, as LevelDB defined it: blocks of 32 KiB, filled with chunks, each
// with a header of checksum (4 bytes), length (2, little-endian) and type (1).
// A rest of a block that has no room for a header is not used.
constexpr std::size_t block_bytes = 32UL * 1024;
constexpr std::size_t header_bytes = 7;
constexpr std::size_t page_bytes = 4096;

enum Type : std::uint8_t { full = 1, first = 2, middle = 3, last = 4 };

enum class Fault : std::uint8_t {
  none,
  end,           // the file ends where a record may begin
  unfinished,    // it ends between the chunks of a record
  short_header,  // it ends in a header
  beyond_end,    // it ends in what else is a possible chunk
  beyond_block,
  zeros,
  type,
  order,
  checksum,
  content,
};

std::string sentence(Fault fault) {
  switch (fault) {
    case Fault::none:
    case Fault::end:
      return {};
    case Fault::unfinished:
    case Fault::short_header:
    case Fault::beyond_end:
      return "an entry that goes on beyond the end of the file";
    case Fault::beyond_block:
      return "an entry of an impossible length";
    case Fault::zeros:
      return "zeros instead of an entry";
    case Fault::type:
      return "an entry of an impossible type";
    case Fault::order:
      return "a part of an entry without the rest";
    case Fault::checksum:
      return "an entry whose checksum is wrong";
    case Fault::content:
      return "an entry that is no batch of records";
  }
  return {};
}

struct Chunk {
  Chunk(Fault what) : fault(what) {}  // implicit: nothing else is known of it
  Chunk(std::uint8_t kind, std::string_view bytes) : type(kind), payload(bytes) {}

  Fault fault = Fault::none;
  std::uint8_t type = 0;
  std::string_view payload;
};

class Scan {
 public:
  explicit Scan(std::string_view bytes) : bytes_(bytes) {}

  /// Has the file end where its fill begins, but not before `at`.
  void leave_out_fill(std::size_t at) {
    const auto last = bytes_.find_last_not_of(wal_fill);
    const auto end = std::max(at, last == std::string_view::npos ? 0 : last + 1);
    prepared_ = end < bytes_.size();
    bytes_ = bytes_.substr(0, end);
  }

  struct Step {
    Fault fault = Fault::none;
    std::size_t at = 0;     // behind the record, or where the fault is
    std::size_t begin = 0;  // of the record
  };

  /// Puts the record at `at` together in `record`.
  Step read(std::size_t at, std::string& record) const {
    bool within = false;
    std::size_t begin = at;
    record.clear();
    for (;;) {
      at = past_rest_of_block(at);
      if (!within) begin = at;
      if (at == bytes_.size()) return {within ? Fault::unfinished : Fault::end, at, begin};
      const auto chunk = chunk_at(at);
      if (chunk.fault != Fault::none) return {chunk.fault, at, begin};
      if (within != (chunk.type == middle || chunk.type == last)) return {Fault::order, at, begin};
      record += chunk.payload;
      at += header_bytes + chunk.payload.size();
      if (chunk.type == full || chunk.type == last) return {Fault::none, at, begin};
      within = true;
    }
  }

  /// Whether the fault can be the rest of a write that was under way.
  [[nodiscard]] bool torn(Fault fault, std::size_t at, const std::filesystem::path& file) const {
    if (prepared_ && fill_left(at)) return position_from(at + 1) == 0;
    switch (fault) {
      case Fault::unfinished:
      case Fault::short_header:
        return true;
      case Fault::beyond_end:
        // All of a block's rest: that the entry should be longer can also be a
        // damaged length, of which whole bytes or a later entry give proof.
        return !checks(at, bytes_.size() - at - header_bytes) && !chunk_between(at + 1);
      case Fault::zeros: {
        if (bytes_.find_first_not_of('\0', at) != std::string_view::npos) return false;
        if (prepared_) return false;
        const auto next_page = (at / page_bytes + 1) * page_bytes;
        return next_page >= bytes_.size() || never_written(file, next_page);
      }
      default:
        return false;
    }
  }

  /// Where the next entry that checks begins, from `from` on: at any byte of its
  /// block, then where a later block's first entry begins; the end when there is none.
  [[nodiscard]] std::size_t entry_from(std::size_t from) const {
    std::string record;
    const auto block_end = (from / block_bytes + 1) * block_bytes;
    for (auto at = from; at < std::min(block_end, bytes_.size()); ++at) {
      if (read(at, record).fault == Fault::none) return at;
    }
    for (auto block = block_end; block < bytes_.size(); block += block_bytes) {
      const auto at = first_in(block);
      if (read(at, record).fault == Fault::none) return at;
    }
    return bytes_.size();
  }

  /// The first position in an entry that checks, from `from` on: at any byte of
  /// its block, then from the beginning of each block, where a chunk begins.
  [[nodiscard]] call::Position position_from(std::size_t from) const {
    const auto block_end = (from / block_bytes + 1) * block_bytes;
    for (auto at = from; at < std::min(block_end, bytes_.size()); ++at) {
      if (const auto position = position_at(at)) return position;
    }
    for (auto block = block_end; block < bytes_.size(); block += block_bytes) {
      if (const auto position = position_at(first_in(block))) return position;
    }
    return 0;
  }

 private:
  /// Where the first entry that begins in the block does so, as far as its chunks check.
  [[nodiscard]] std::size_t first_in(std::size_t block) const {
    auto at = block;
    for (auto chunk = chunk_at(at); chunk.fault == Fault::none; chunk = chunk_at(at)) {
      if (chunk.type == full || chunk.type == first) break;
      at += header_bytes + chunk.payload.size();
    }
    return at;
  }

  [[nodiscard]] std::size_t past_rest_of_block(std::size_t at) const {
    const auto left = block_bytes - at % block_bytes;
    return left < header_bytes ? std::min(at + left, bytes_.size()) : at;
  }

  [[nodiscard]] std::uint8_t byte(std::size_t at) const {
    return static_cast<std::uint8_t>(bytes_[at]);
  }

  [[nodiscard]] Chunk chunk_at(std::size_t at) const {
    const auto left = block_bytes - at % block_bytes;
    if (at + header_bytes > bytes_.size() || left < header_bytes) return Fault::short_header;
    const auto type = byte(at + 6);
    const std::size_t length = byte(at + 4) | static_cast<std::size_t>(byte(at + 5)) << 8U;
    if (bytes_.substr(at, header_bytes).find_first_not_of('\0') == std::string_view::npos) {
      return Fault::zeros;
    }
    if (type < full || type > last) return Fault::type;
    if (header_bytes + length > left) return Fault::beyond_block;
    if (at + header_bytes + length > bytes_.size()) return Fault::beyond_end;
    if (!checks(at, length)) return Fault::checksum;
    return {type, bytes_.substr(at + header_bytes, length)};
  }

  /// Whether the chunk at `at` has its checksum, if it were of this length.
  [[nodiscard]] bool checks(std::size_t at, std::size_t length) const {
    std::uint32_t stored = 0;
    for (std::size_t i = 4; i-- > 0;) stored = stored << 8U | byte(at + i);
    const auto sum = crc32c(bytes_.substr(at + 6, 1 + length));
    return stored == ((sum >> 15U) | (sum << 17U)) + 0xa282ead8U;  // as stored: masked
  }

  /// Whether a page behind `at`, or the rest of the one that `at` is in, is fill.
  [[nodiscard]] bool fill_left(std::size_t at) const {
    for (; at < bytes_.size(); at = (at / page_bytes + 1) * page_bytes) {
      const auto rest = bytes_.substr(at, page_bytes - at % page_bytes);
      if (rest.find_first_not_of(wal_fill) == std::string_view::npos) return true;
    }
    return false;
  }

  [[nodiscard]] bool chunk_between(std::size_t from) const {
    for (; from + header_bytes <= bytes_.size(); ++from) {
      if (chunk_at(from).fault == Fault::none) return true;
    }
    return false;
  }

  /// Of the first of the records that begin at `at`, one behind the other.
  [[nodiscard]] call::Position position_at(std::size_t at) const {
    std::string record;
    for (;;) {
      const auto step = read(at, record);
      if (step.fault != Fault::none) return 0;
      call::Position found = 0;
      each_record(rocksdb::WriteBatch(record), [&](call::Position position, std::string_view) {
        if (found == 0) found = position;
      });
      if (found != 0) return found;
      at = step.at;
    }
  }

  std::string_view bytes_;
  bool prepared_ = false;  // there was fill behind them
};

void note(WalFile& file, call::Position position) {
  if (file.found.empty() || position > file.found.back().last + 1) {
    file.found.push_back({position, position});
  } else if (position == file.found.back().last + 1) {
    file.found.back().last = position;
  }
}

WalFile scan(const std::filesystem::path& path, std::string_view bytes) {
  WalFile file;
  file.path = path;
  Scan scan(bytes);
  std::string record;
  std::string last_record;
  Scan::Step step;
  for (;;) {
    step = scan.read(file.end, record);
    if (step.fault != Fault::none && step.fault != Fault::end) {
      scan.leave_out_fill(step.at);
      step = scan.read(file.end, record);
    }
    if (step.fault != Fault::none) break;
    const auto at = step.at;
    const bool read =
        each_record(rocksdb::WriteBatch(record),
                    [&](call::Position position, std::string_view) { note(file, position); });
    if (!read) step = {Fault::content, step.begin, step.begin};
    if (!read) break;
    last_record.swap(record);
    file.end = at;
  }
  each_record(rocksdb::WriteBatch(std::move(last_record)),
              [&](call::Position, std::string_view value) { file.last_value = value; });
  if (step.fault == Fault::end) return file;
  file.tail = scan.torn(step.fault, step.at, path) ? WalFile::Tail::torn : WalFile::Tail::damaged;
  file.tail_offset = step.begin;
  file.trouble = sentence(step.fault);
  if (file.tail == WalFile::Tail::damaged) file.next = scan.position_from(step.begin + 1);
  return file;
}

/// RocksDB's name of a write-ahead log file is its number.
std::optional<std::uint64_t> wal_number(const std::filesystem::path& path) {
  const auto stem = path.stem().string();
  if (path.extension() != ".log" || stem.empty()) return std::nullopt;
  if (!std::ranges::all_of(stem, [](unsigned char c) { return std::isdigit(c) != 0; })) {
    return std::nullopt;
  }
  return std::stoull(stem);
}

}  // namespace

std::expected<std::vector<WalFile>, engine::Failure> read_wal(
    const std::filesystem::path& directory) {
  std::vector<std::pair<std::uint64_t, std::filesystem::path>> paths;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    if (const auto number = wal_number(entry.path())) paths.emplace_back(*number, entry.path());
  }
  if (error) {
    return std::unexpected(
        engine::Failure{"cannot list " + directory.string() + ": " + error.message() + "; " +
                        advice_on_trouble(error.message()).value_or("look at the disk")});
  }
  std::ranges::sort(paths);
  std::vector<WalFile> files;
  for (const auto& [number, path] : paths) {
    const auto bytes = read_file(path);
    if (!bytes) return std::unexpected(bytes.error());
    files.push_back(scan(path, *bytes));
  }
  return files;
}

std::expected<void, engine::Failure> each_sound_entry(
    const std::filesystem::path& file, const std::function<void(std::string_view entry)>& each) {
  const auto bytes = read_file(file);
  if (!bytes) return std::unexpected(bytes.error());
  Scan scan(*bytes);
  std::string entry;
  for (std::size_t at = 0;;) {
    const auto step = scan.read(at, entry);
    if (step.fault == Fault::end) return {};
    if (step.fault == Fault::none) {
      each(entry);
      at = step.at;
    } else {
      const auto next = scan.entry_from(step.begin + 1);
      if (next >= bytes->size()) return {};
      at = next;
    }
  }
}

void judge_torn_tails(std::vector<WalFile>& files) {
  call::Position next = 0;  // the first position in later files
  for (auto at = files.size(); at-- > 0;) {
    auto& file = files[at];
    call::Position before = 0;
    for (auto earlier = at + 1; before == 0 && earlier-- > 0;) {
      if (!files[earlier].found.empty()) before = files[earlier].found.back().last;
    }
    if (file.next == 0) file.next = next;
    if (file.tail == WalFile::Tail::torn && next != 0 && before != 0 && next != before + 1) {
      file.tail = WalFile::Tail::damaged;
    }
    if (!file.found.empty()) next = file.found.front().first;
  }
}

}  // namespace callstate::storage
