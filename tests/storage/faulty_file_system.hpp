#pragma once

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace callstate::storage::testing {

/// The real file system under RocksDB, with a disk that can fail and a power
/// that can be cut. Any thread.
class FaultyFileSystem : public rocksdb::FileSystemWrapper {
 public:
  enum class Operation : unsigned char { append, sync };

  FaultyFileSystem() : FileSystemWrapper(rocksdb::FileSystem::Default()) {}

  /// From now on the `nth` (from 1) operation of the kind on a file whose name
  /// ends in `suffix` fails with `error`; those after it too when `lasting`.
  void fail(Operation operation, const std::string& suffix, int nth, rocksdb::IOStatus error,
            bool lasting);
  /// The disk works again.
  void heal();

  /// Is called before each operation that changes the directory, in the state
  /// that a kill would leave there.
  void watch(std::function<void()> watcher) { watcher_ = std::move(watcher); }

  /// How often the kind of operation was done on such files.
  [[nodiscard]] int count(Operation operation, const std::string& suffix) const;

  /// What a power cut leaves of the directory: of each file what was synced,
  /// and of what was not the first `unsynced_bytes_kept` bytes.
  void copy_after_power_cut(const std::filesystem::path& from, const std::filesystem::path& to,
                            std::size_t unsynced_bytes_kept = 0) const;

  [[nodiscard]] const char* Name() const override { return "FaultyFileSystem"; }
  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override;
  rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to,
                               const rocksdb::IOOptions& options,
                               rocksdb::IODebugContext* debug) override;

 private:
  class File;
  struct Fault {
    Operation operation = Operation::append;
    std::string suffix;
    int left = 0;
    rocksdb::IOStatus error;
    bool lasting = false;
  };

  rocksdb::IOStatus before(Operation operation, const std::string& name);
  void appended(const std::string& name, std::size_t bytes);
  void appended_up_to(const std::string& name, std::size_t end);
  void synced(const std::string& name);

  struct Sizes {
    std::size_t written = 0;
    std::size_t synced = 0;
  };
  std::function<void()> watcher_;
  mutable std::mutex mutex_;
  std::unique_ptr<Fault> fault_;
  std::map<std::string, Sizes> sizes_;
  std::map<std::pair<Operation, std::string>, int> counts_;
};

/// A RocksDB environment on a faulty disk. Keep it longer than the stores.
struct FaultyDisk {
  std::shared_ptr<FaultyFileSystem> files = std::make_shared<FaultyFileSystem>();
  std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(files);
};

}  // namespace callstate::storage::testing
