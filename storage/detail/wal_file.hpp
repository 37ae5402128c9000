#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/engine/ports.hpp"
#include "storage/detail/positions.hpp"

namespace callstate::storage {

/// What the bytes of one file of the write-ahead log hold, without RocksDB:
/// where a chunk does not check, RocksDB may take that for the end of the log,
/// open without a word and delete the file.
///
/// Every write is synced before the next one begins, so of what was written at
/// most the last write can be in the file in part. A tail is *torn*, and costs
/// nothing that was acknowledged, only when it can be that one write's rest:
///
/// - the file ends inside a chunk of a right type and a possible length, or
///   between the chunks of a record, as a kill leaves it; and no later chunk
///   checks, nor do the bytes that are there with a length of their own; or
/// - all is zeros from the beginning of a chunk to the end of the file, and the
///   pages behind the first were never written: a power cut can keep a file's
///   new size and not the bytes.
///
/// Everything else is *damaged*: an acknowledged record could have been there.
///
/// A file may be prepared (see WalFileSystem). Its fill, up to the file's end, is no
/// tail: what was written ends before it. In front of it a tail is also torn where a
/// page of it still holds the fill and no later entry begins: that page was never
/// written, so the write that it belonged to was never synced.
struct WalFile {
  enum class Tail : std::uint8_t { none, torn, damaged };

  std::filesystem::path path;
  /// Of the records before the tail, as runs.
  std::vector<Extent> found;
  /// The bytes of the last of them; empty without any.
  std::string last_value;
  /// Behind the last entry that is whole.
  std::uint64_t end = 0;
  Tail tail = Tail::none;
  /// Where the tail begins, and what is wrong there.
  std::uint64_t tail_offset = 0;
  std::string trouble;
  /// The first position that checks behind damage; 0: none.
  call::Position next = 0;
};

/// All files of the write-ahead log in the directory, oldest first. Fails when
/// one cannot be read at all.
std::expected<std::vector<WalFile>, engine::Failure> read_wal(
    const std::filesystem::path& directory);

/// Calls `each` for every entry of one such file that checks, also behind damage: what
/// can still be read of it.
std::expected<void, engine::Failure> each_sound_entry(
    const std::filesystem::path& file, const std::function<void(std::string_view entry)>& each);

/// Makes `damaged` of a torn tail that the next files do not go on behind: only
/// the last write of all can be torn, or one that a later start has cut off.
void judge_torn_tails(std::vector<WalFile>& files);

}  // namespace callstate::storage
