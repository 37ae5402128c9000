#include "storage/faulty_file_system.hpp"

#include <algorithm>
#include <utility>

namespace callstate::storage::testing {

/// A file that reports what happens to it and fails when told to.
class FaultyFileSystem::File : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  File(std::unique_ptr<rocksdb::FSWritableFile>&& file, FaultyFileSystem& system, std::string name)
      : FSWritableFileOwnerWrapper(std::move(file)), system_(system), name_(std::move(name)) {}

  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* debug) override {
    if (auto fault = system_.before(Operation::append, name_); !fault.ok()) return fault;
    auto status = target()->Append(data, options, debug);
    if (status.ok()) system_.appended(name_, data.size());
    return status;
  }
  rocksdb::IOStatus PositionedAppend(const rocksdb::Slice& data, std::uint64_t offset,
                                     const rocksdb::IOOptions& options,
                                     rocksdb::IODebugContext* debug) override {
    if (auto fault = system_.before(Operation::append, name_); !fault.ok()) return fault;
    auto status = target()->PositionedAppend(data, offset, options, debug);
    if (status.ok()) system_.appended_up_to(name_, offset + data.size());
    return status;
  }
  rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                           const rocksdb::DataVerificationInfo&,
                           rocksdb::IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  rocksdb::IOStatus Sync(const rocksdb::IOOptions& options,
                         rocksdb::IODebugContext* debug) override {
    if (auto fault = system_.before(Operation::sync, name_); !fault.ok()) return fault;
    auto status = target()->Sync(options, debug);
    if (status.ok()) system_.synced(name_);
    return status;
  }
  rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options,
                          rocksdb::IODebugContext* debug) override {
    return Sync(options, debug);
  }

 private:
  FaultyFileSystem& system_;
  std::string name_;
};

void FaultyFileSystem::fail(Operation operation, const std::string& suffix, int nth,
                            rocksdb::IOStatus error, bool lasting) {
  const std::scoped_lock lock(mutex_);
  fault_ = std::make_unique<Fault>(Fault{operation, suffix, nth, std::move(error), lasting});
}

void FaultyFileSystem::heal() {
  const std::scoped_lock lock(mutex_);
  fault_.reset();
}

int FaultyFileSystem::count(Operation operation, const std::string& suffix) const {
  const std::scoped_lock lock(mutex_);
  int total = 0;
  for (const auto& [what, count] : counts_) {
    if (what.first == operation && what.second.ends_with(suffix)) total += count;
  }
  return total;
}

rocksdb::IOStatus FaultyFileSystem::before(Operation operation, const std::string& name) {
  if (watcher_) watcher_();
  const std::scoped_lock lock(mutex_);
  ++counts_[{operation, name}];
  if (!fault_ || fault_->operation != operation || !name.ends_with(fault_->suffix)) {
    return rocksdb::IOStatus::OK();
  }
  if (--fault_->left > 0) return rocksdb::IOStatus::OK();
  auto error = fault_->error;
  if (!fault_->lasting) fault_.reset();
  return error;
}

void FaultyFileSystem::appended(const std::string& name, std::size_t bytes) {
  const std::scoped_lock lock(mutex_);
  sizes_[name].written += bytes;
}

void FaultyFileSystem::appended_up_to(const std::string& name, std::size_t end) {
  const std::scoped_lock lock(mutex_);
  auto& written = sizes_[name].written;
  written = std::max(written, end);
}

void FaultyFileSystem::synced(const std::string& name) {
  const std::scoped_lock lock(mutex_);
  sizes_[name].synced = sizes_[name].written;
}

rocksdb::IOStatus FaultyFileSystem::NewWritableFile(const std::string& name,
                                                    const rocksdb::FileOptions& options,
                                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                                    rocksdb::IODebugContext* debug) {
  if (watcher_) watcher_();
  std::unique_ptr<rocksdb::FSWritableFile> opened;
  auto status = target()->NewWritableFile(name, options, &opened, debug);
  if (!status.ok()) return status;
  {
    const std::scoped_lock lock(mutex_);
    sizes_[name] = {};
  }
  *file = std::make_unique<File>(std::move(opened), *this, name);
  return status;
}

rocksdb::IOStatus FaultyFileSystem::RenameFile(const std::string& from, const std::string& to,
                                               const rocksdb::IOOptions& options,
                                               rocksdb::IODebugContext* debug) {
  if (watcher_) watcher_();
  auto status = target()->RenameFile(from, to, options, debug);
  const std::scoped_lock lock(mutex_);
  if (const auto size = sizes_.extract(from); status.ok() && !size.empty()) {
    sizes_[to] = size.mapped();
  }
  return status;
}

void FaultyFileSystem::copy_after_power_cut(const std::filesystem::path& from,
                                            const std::filesystem::path& to,
                                            std::size_t unsynced_bytes_kept) const {
  std::filesystem::create_directories(to);
  const std::scoped_lock lock(mutex_);
  for (const auto& file : std::filesystem::directory_iterator(from)) {
    if (file.path().extension() == ".new") continue;  // under way; may go at any moment
    const auto copy = to / file.path().filename();
    std::filesystem::copy_file(file.path(), copy);
    const auto sizes = sizes_.find(file.path().string());
    if (sizes == sizes_.end()) continue;
    const auto kept = sizes->second.synced + unsynced_bytes_kept;
    std::filesystem::resize_file(copy, std::min(kept, sizes->second.written));
  }
}

}  // namespace callstate::storage::testing
