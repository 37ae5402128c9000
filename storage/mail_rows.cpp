#include "storage/detail/mail_rows.hpp"

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "storage/detail/positions.hpp"

namespace callstate::storage {
namespace {

/// A commit waits for one of these at most.
constexpr int rows_per_write_max = 256;

constexpr char prefix = 'm';
constexpr std::size_t address_bytes = 1 + 2 * sizeof(std::uint64_t);
constexpr std::size_t key_bytes = address_bytes + sizeof(call::Position);

class RowKey {
 public:
  RowKey(const engine::Fingerprint& to, call::Position last) {
    bytes_[0] = prefix;
    put(1, to.first);
    put(1 + sizeof(std::uint64_t), to.second);
    put(address_bytes, last);
  }
  [[nodiscard]] std::string_view view() const { return {bytes_.data(), bytes_.size()}; }
  [[nodiscard]] std::string_view address() const { return view().substr(0, address_bytes); }

 private:
  void put(std::size_t at, std::uint64_t number) {
    for (std::size_t i = 0; i < sizeof number; ++i) {
      bytes_[at + i] = static_cast<char>(number >> (8 * (sizeof number - 1 - i)));
    }
  }

  std::array<char, key_bytes> bytes_{};
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

/// The first as it is, the rest as steps.
void put_row(const std::vector<call::Position>& positions, std::string& out) {
  out.clear();
  call::Position before = 0;
  for (const auto position : positions) {
    put_number(out, position - before);
    before = position;
  }
}

/// False for bytes that are no row.
bool take_row(std::string_view bytes, call::Position after, std::vector<call::Position>& out) {
  call::Position position = 0;
  while (!bytes.empty()) {
    const auto step = take_number(bytes);
    if (!step || *step == 0) return false;
    position += *step;
    if (position > after) out.push_back(position);
  }
  return true;
}

}  // namespace

void put_mail(const engine::MailSegment& segment, rocksdb::ColumnFamilyHandle* family,
              const std::function<bool(rocksdb::WriteBatch&)>& write) {
  rocksdb::WriteBatch batch;
  std::string row;
  bool go_on = true;
  segment.for_each([&](const engine::Fingerprint& to, const std::vector<call::Position>& found) {
    if (!go_on) return;
    put_row(found, row);
    go_on = batch.Put(family, RowKey(to, found.back()).view(), row).ok();
    if (!go_on || batch.Count() < rows_per_write_max) return;
    go_on = write(batch);
    batch.Clear();
  });
  if (go_on && batch.Count() > 0) (void)write(batch);
}

std::vector<call::Position> find_mail(const Database& database, const engine::Fingerprint& to,
                                      call::Position after, std::size_t max,
                                      rocksdb::Status& status) {
  std::vector<call::Position> found;
  const RowKey from(to, after + 1);
  rocksdb::ReadOptions options;
  options.total_order_seek = true;
  const std::unique_ptr<rocksdb::Iterator> at(database.db->NewIterator(options, database.snapshot));
  for (at->Seek(from.view()); at->Valid(); at->Next()) {
    const auto key = at->key().ToStringView();
    if (key.size() != key_bytes || !key.starts_with(from.address())) break;
    // Rows of one block may overlap, those of later ones have nothing earlier.
    const auto last = parse_position(key.substr(address_bytes));
    if (found.size() >= max && last &&
        engine::MailSegment::block_of(*last) > engine::MailSegment::block_of(found.back())) {
      break;
    }
    if (!take_row(at->value().ToStringView(), after, found)) {
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
