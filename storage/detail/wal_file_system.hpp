#pragma once

#include <rocksdb/file_system.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

namespace callstate::storage {

// A file that grows with each write makes the file system commit its journal at
// each sync, which takes longer than writing the bytes does. So the write-ahead
// log is prepared: ahead of its end there are bytes that are there already, and
// what is appended is written over them. A kill leaves them in the file.

/// What a prepared file is filled with. No chunk of the log has a type of this
/// value, so that the fill is never taken for an entry, nor zeros for the fill.
constexpr char wal_fill = '\xc5';
/// A file is not prepared before it is this long: the log of a quiet server takes
/// no more room than its records.
constexpr std::size_t wal_prepared_from_bytes = 1024UL * 1024;
/// How far it is prepared at a time: some hundred records, in less time than a sync.
constexpr std::size_t wal_prepared_ahead_bytes = 256UL * 1024;
/// Appends of this size are bound by the bytes and not by the sync.
constexpr std::size_t wal_large_append_bytes = 32UL * 1024;

/// The file system under RocksDB. Files of the write-ahead log are prepared when
/// written, cut to what was appended when closed, and when read end where
/// `read_wal` has found their end: RocksDB never sees the fill. All else is passed on.
class WalFileSystem : public rocksdb::FileSystemWrapper {
 public:
  explicit WalFileSystem(const std::shared_ptr<rocksdb::FileSystem>& base)
      : FileSystemWrapper(base) {}

  /// Where the file of this path ends when it is read. Before the database is opened.
  void set_end(const std::string& path, std::uint64_t end) { ends_[path] = end; }

  [[nodiscard]] const char* Name() const override { return "callstate.WalFileSystem"; }
  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus NewSequentialFile(const std::string& name, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSSequentialFile>* file,
                                      rocksdb::IODebugContext* debug) override;

 private:
  std::map<std::string, std::uint64_t> ends_;
};

}  // namespace callstate::storage
