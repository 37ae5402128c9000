#include "storage/detail/mail_rows.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "storage/detail/positions.hpp"

namespace callstate::storage {
namespace {

/// Written in one go: a commit waits for one of these at most.
constexpr std::size_t write_bytes_max = 256UL * 1024;

constexpr char prefix = 'm';
/// So many rows a segment at most, whatever it holds: a row for each address would
/// cost more than the log itself.
constexpr unsigned bucket_bits = 6;
constexpr std::size_t buckets = std::size_t{1} << bucket_bits;

std::size_t bucket_of(const engine::Fingerprint& to) {
  return static_cast<std::size_t>(to.first >> (64 - bucket_bits));
}

/// `m`, the bucket, the last position of the segment.
class RowKey {
 public:
  RowKey(std::size_t bucket, call::Position last) {
    bytes_[0] = prefix;
    bytes_[1] = static_cast<char>(bucket);
    std::ranges::copy(PositionKey(last).bytes, bytes_.begin() + bucket_bytes);
  }
  [[nodiscard]] std::string_view view() const { return {bytes_.data(), bytes_.size()}; }
  [[nodiscard]] std::string_view bucket() const { return view().substr(0, bucket_bytes); }

  static constexpr std::size_t bucket_bytes = 2;
  static constexpr std::size_t bytes = bucket_bytes + sizeof(call::Position);

 private:
  std::array<char, bytes> bytes_{};
};

// Seven bits a byte, the low ones first, the high bit set on all but the last.
void put_number(std::string& out, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7U) out.push_back(static_cast<char>(number | 0x80U));
  out.push_back(static_cast<char>(number));
}

std::optional<std::uint64_t> take_number(std::string_view& in) {
  constexpr unsigned bits_max = 64;
  std::uint64_t number = 0;
  for (unsigned shift = 0; shift < bits_max && !in.empty(); shift += 7) {
    const auto byte = static_cast<std::uint8_t>(in.front());
    in.remove_prefix(1);
    number |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
    if (byte < 0x80) return number;
  }
  return std::nullopt;
}

void put_word(std::string& out, std::uint64_t word) {
  char bytes[sizeof word];
  std::memcpy(bytes, &word, sizeof word);
  out.append(bytes, sizeof bytes);
}

/// An address of a row, which may be there several times: its two words, the size of
/// what follows, and positions, the first as it is and the rest as steps.
void put_entry(const engine::Fingerprint& to, std::span<const call::Position> positions,
               std::string& scratch, std::string& row) {
  static_assert(std::endian::native == std::endian::little);
  scratch.clear();
  call::Position before = 0;
  for (const auto position : positions) {
    put_number(scratch, position - before);
    before = position;
  }
  put_word(row, to.first);
  put_word(row, to.second);
  put_number(row, scratch.size());
  row += scratch;
}

/// Appends what the entry says. False for bytes that are no positions.
bool take_positions(std::string_view bytes, call::Position after,
                    std::vector<call::Position>& out) {
  call::Position position = 0;
  while (!bytes.empty()) {
    const auto step = take_number(bytes);
    if (!step || *step == 0) return false;
    position += *step;
    if (position > after) out.push_back(position);
  }
  return true;
}

/// Appends what the row holds for the address. False for bytes that are no row.
bool take_row(std::string_view row, const engine::Fingerprint& to, call::Position after,
              std::vector<call::Position>& out) {
  while (!row.empty()) {
    engine::Fingerprint entry;
    if (row.size() < 2 * sizeof(std::uint64_t)) return false;
    std::memcpy(&entry.first, row.data(), sizeof entry.first);
    std::memcpy(&entry.second, row.data() + sizeof entry.first, sizeof entry.second);
    row.remove_prefix(2 * sizeof(std::uint64_t));
    const auto size = take_number(row);
    if (!size || *size > row.size()) return false;
    const auto positions = row.substr(0, *size);
    row.remove_prefix(*size);
    if (entry == to && !take_positions(positions, after, out)) return false;
  }
  return true;
}

}  // namespace

void put_mail(const engine::MailSegment& segment, rocksdb::ColumnFamilyHandle* family,
              const std::function<bool(rocksdb::WriteBatch&)>& write) {
  std::array<std::string, buckets> rows;
  std::string scratch;
  segment.for_each([&](const engine::Fingerprint& to, std::span<const call::Position> found) {
    put_entry(to, found, scratch, rows[bucket_of(to)]);
  });
  rocksdb::WriteBatch batch;
  for (std::size_t bucket = 0; bucket < rows.size(); ++bucket) {
    if (rows[bucket].empty()) continue;
    if (!batch.Put(family, RowKey(bucket, segment.last()).view(), rows[bucket]).ok()) return;
    if (batch.GetDataSize() < write_bytes_max) continue;
    if (!write(batch)) return;
    batch.Clear();
  }
  if (batch.Count() > 0) (void)write(batch);
}

std::vector<call::Position> find_mail(const Database& database, const engine::Fingerprint& to,
                                      call::Position after, std::size_t max,
                                      rocksdb::Status& status) {
  std::vector<call::Position> found;
  const RowKey from(bucket_of(to), after + 1);
  rocksdb::ReadOptions options;
  options.total_order_seek = true;
  const std::unique_ptr<rocksdb::Iterator> at(database.db->NewIterator(options, database.snapshot));
  for (at->Seek(from.view()); at->Valid(); at->Next()) {
    const auto key = at->key().ToStringView();
    if (key.size() != RowKey::bytes || !key.starts_with(from.bucket())) break;
    // Rows of one block may overlap, and what they share counts once; those of later
    // blocks have nothing earlier.
    const auto last = parse_position(key.substr(RowKey::bucket_bytes));
    if (found.size() >= max && last &&
        engine::MailSegment::block_of(*last) > engine::MailSegment::block_of(found.back())) {
      engine::MailSegment::tidy(found);
      if (found.size() >= max) break;
    }
    if (!take_row(at->value().ToStringView(), to, after, found)) {
      status = rocksdb::Status::Corruption("a row of the mailbox holds no positions");
      return {};
    }
  }
  status = at->status();
  engine::MailSegment::tidy(found);
  if (found.size() > max) found.resize(max);
  return found;
}

}  // namespace callstate::storage
