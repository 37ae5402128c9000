#include "storage/detail/wal_file_system.hpp"

#include <algorithm>
#include <utility>

#include "storage/detail/files.hpp"

namespace callstate::storage {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

class PreparedFile : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  PreparedFile(std::unique_ptr<rocksdb::FSWritableFile>&& file, std::string path)
      : FSWritableFileOwnerWrapper(std::move(file)), path_(std::move(path)) {}

  IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* debug) override {
    const auto end = end_ + data.size();
    if (end > prepared_ && end >= wal_prepared_from_bytes && data.size() < wal_large_append_bytes) {
      if (auto status = prepare(end, options, debug); !status.ok()) return status;
    }
    auto status = IOStatus::OK();
    if (filler_ == nullptr) {
      status = target()->Append(data, options, debug);
    } else if (end > prepared_) {
      status = target()->PositionedAppend(data, end_, options, debug);
    } else {
      // Whole pages, or the system would have to read what is to be written over.
      pages_.assign(last_page_).append(data.data(), data.size());
      pages_.resize(FileFiller::page_end(pages_.size()), wal_fill);
      status = target()->PositionedAppend(pages_, end_ - last_page_.size(), options, debug);
    }
    if (status.ok()) note_appended(data);
    return status;
  }
  IOStatus Append(const Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo&,
                  IODebugContext* debug) override {
    return Append(data, options, debug);
  }
  IOStatus Close(const IOOptions& options, IODebugContext* debug) override {
    if (prepared_ > end_) {
      if (auto cut = target()->Truncate(end_, options, debug); !cut.ok()) return cut;
    }
    return target()->Close(options, debug);
  }
  std::uint64_t GetFileSize(const IOOptions&, IODebugContext*) override { return end_; }

 private:
  /// Fills the file up to some way behind `end`. That it could not be filled is no
  /// failure: what is appended makes it grow then. A sync that fails is one.
  IOStatus prepare(std::uint64_t end, const IOOptions& options, IODebugContext* debug) {
    if (!fills_) return IOStatus::OK();
    if (filler_ == nullptr) filler_ = FileFiller::open(path_);
    fills_ = filler_ != nullptr;
    if (!fills_) return IOStatus::OK();
    if (prepared_ < end_) {
      // The rest of the last page goes the way of what is appended, and the pages
      // behind it their own. On the disk before them, or they would follow zeros.
      const auto page_end = FileFiller::page_end(end_);
      const std::string rest(page_end - end_, wal_fill);
      auto status = IOStatus::OK();
      if (!rest.empty()) status = target()->PositionedAppend(rest, end_, options, debug);
      if (status.ok()) status = target()->Sync(options, debug);
      if (!status.ok()) return status;
      prepared_ = page_end;
    }
    const auto to = FileFiller::page_end(end + wal_prepared_ahead_bytes);
    const auto filled_to = filler_->fill(prepared_, to, wal_fill);
    fills_ = filled_to == to;
    prepared_ = filled_to;
    return IOStatus::OK();
  }

  void note_appended(const Slice& data) {
    end_ += data.size();
    const auto begun = end_ % FileFiller::page_bytes;
    if (begun <= data.size()) {
      last_page_.assign(data.data() + data.size() - begun, begun);
    } else {
      last_page_.append(data.data(), data.size());
    }
  }

  std::string path_;
  std::unique_ptr<FileFiller> filler_;  // once the file has been prepared
  bool fills_ = true;
  std::uint64_t end_ = 0;       // of what was appended
  std::uint64_t prepared_ = 0;  // up to where there is fill, if beyond that
  std::string last_page_;       // what was appended to the page that is not full
  std::string pages_;           // to be written; kept for its room
};

class CutFile : public rocksdb::FSSequentialFileOwnerWrapper {
 public:
  CutFile(std::unique_ptr<rocksdb::FSSequentialFile>&& file, std::uint64_t size)
      : FSSequentialFileOwnerWrapper(std::move(file)), left_(size) {}

  IOStatus Read(std::size_t size, const IOOptions& options, Slice* result, char* scratch,
                IODebugContext* debug) override {
    auto status =
        target()->Read(std::min<std::uint64_t>(size, left_), options, result, scratch, debug);
    if (status.ok()) left_ -= result->size();
    return status;
  }
  IOStatus Skip(std::uint64_t size) override {
    const auto skipped = std::min(size, left_);
    left_ -= skipped;
    return target()->Skip(skipped);
  }

 private:
  std::uint64_t left_;
};

}  // namespace

IOStatus WalFileSystem::NewWritableFile(const std::string& name,
                                        const rocksdb::FileOptions& options,
                                        std::unique_ptr<rocksdb::FSWritableFile>* file,
                                        IODebugContext* debug) {
  auto status = target()->NewWritableFile(name, options, file, debug);
  if (status.ok() && name.ends_with(".log")) {
    *file = std::make_unique<PreparedFile>(std::move(*file), name);
  }
  return status;
}

IOStatus WalFileSystem::NewSequentialFile(const std::string& name,
                                          const rocksdb::FileOptions& options,
                                          std::unique_ptr<rocksdb::FSSequentialFile>* file,
                                          IODebugContext* debug) {
  auto status = target()->NewSequentialFile(name, options, file, debug);
  const auto end = ends_.find(name);
  if (status.ok() && end != ends_.end()) {
    *file = std::make_unique<CutFile>(std::move(*file), end->second);
  }
  return status;
}

}  // namespace callstate::storage
