#include "storage/detail/log_reader.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "storage/detail/damage.hpp"
#include "storage/record_codec.hpp"
#include "storage/sha256.hpp"

namespace callstate::storage {
namespace {

/// From this many records on a read is a scan: it reads ahead, and leaves the
/// block cache to others.
constexpr call::Position scan_records_min = 4096;
/// More does not come faster from a disk, and drops out of the CPU's cache.
constexpr std::size_t readahead_bytes = 256UL * 1024;
/// Read in one go, of positions here and there.
constexpr std::size_t gathered_max = 64;

std::span<const std::uint8_t> bytes_of(const rocksdb::Slice& value) {
  return {reinterpret_cast<const std::uint8_t*>(value.data()), value.size()};
}

}  // namespace

std::expected<void, engine::Failure> RocksLogReader::ended() const {
  if (!database_.snapshots_lost.tripped()) return {};
  return std::unexpected(database_.snapshots_lost.failure());
}

std::expected<void, engine::Failure> RocksLogReader::read(call::Position from, call::Position to,
                                                          const Each& each) const {
  from = std::max<call::Position>(from, 1);
  to = std::min(to, head());
  if (from > to) return {};

  // Without an upper bound, which would be compared with every key: the log
  // holds no deletions that a scan could run on into, and `to` ends it.
  const PositionKey first(from);
  rocksdb::ReadOptions options;
  options.total_order_seek = true;
  if (to - from >= scan_records_min) {
    options.readahead_size = readahead_bytes;
    options.fill_cache = false;
  }
  const std::unique_ptr<rocksdb::Iterator> at(database_.db->NewIterator(options, database_.log));
  RecordDecoder decoder;
  call::Record record;
  const auto begins = database_.first();
  auto expected = from;
  for (at->Seek(first.view()); expected <= to && at->Valid(); at->Next()) {
    const auto position = parse_position(at->key().ToStringView());
    if (!position) return std::unexpected(not_a_record(database_, expected, "its key is damaged"));
    if (*position >= begins) {
      if (to < begins) break;
      expected = std::max(expected, begins);
    } else if (!database_.beginning->holds(*position)) {
      continue;  // dropped, and still in the files
    } else if (*position > to) {
      break;
    } else {
      expected = *position;
    }
    if (*position != expected) {
      return std::unexpected(missing_positions(database_, {{expected, *position - 1}}));
    }
    const auto bytes = bytes_of(at->value());
    if (const auto why = decoder.decode(bytes, record); !why.empty()) {
      return std::unexpected(not_a_record(database_, expected, why));
    }
    record.position = expected++;
    if (!each(record, {bytes, sha256})) return ended();
  }
  if (expected <= to && !at->status().ok()) {
    return std::unexpected(damaged_positions(database_, expected, to, at->status()));
  }
  // Before the beginning nothing but what was kept is to be there.
  expected = std::max(expected, begins);
  if (expected <= to) return std::unexpected(missing_positions(database_, {{expected, to}}));
  return ended();
}

std::expected<void, engine::Failure> RocksLogReader::read_at(
    std::span<const call::Position> positions, const Each& each) const {
  RecordDecoder decoder;
  call::Record record;
  while (!positions.empty()) {
    const auto some = positions.first(std::min(positions.size(), gathered_max));
    positions = positions.subspan(some.size());
    const std::vector<PositionKey> keys(some.begin(), some.end());
    std::array<rocksdb::Slice, gathered_max> slices;
    std::ranges::transform(keys, slices.begin(), &PositionKey::view);
    std::array<rocksdb::PinnableSlice, gathered_max> values;
    std::array<rocksdb::Status, gathered_max> statuses;
    database_.db->MultiGet({}, database_.log, some.size(), slices.data(), values.data(),
                           statuses.data(), true);
    for (std::size_t i = 0; i < some.size(); ++i) {
      const auto position = some[i];
      if (statuses[i].IsNotFound()) {
        return std::unexpected(missing_positions(database_, {{position, position}}));
      }
      if (!statuses[i].ok()) {
        return std::unexpected(damaged_positions(database_, position, position, statuses[i]));
      }
      const auto bytes = bytes_of(values[i]);
      if (const auto why = decoder.decode(bytes, record); !why.empty()) {
        return std::unexpected(not_a_record(database_, position, why));
      }
      record.position = position;
      if (!each(record, {bytes, sha256})) return ended();
    }
  }
  return ended();
}

}  // namespace callstate::storage
