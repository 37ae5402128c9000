#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "storage/store.hpp"

// Directories and stores for tests.

namespace callstate::storage::testing {

/// A directory of its own under the system's temporary one; removed at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory();
  ~TemporaryDirectory();
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// Opens, or fails the test and throws.
std::unique_ptr<Store> open(const std::filesystem::path& path);
/// The sentence with which opening is refused; empty when it is not.
std::string refusal_of(const std::filesystem::path& path);
std::string refusal_to_read(const std::filesystem::path& path);

/// Appends `count` signals of rooms `room-0` … `room-9` in turn, in batches.
std::expected<void, engine::Failure> try_append(Store& store, std::size_t count,
                                                std::size_t batch_size = 10);
/// The same where it must not fail.
void append(Store& store, std::size_t count, std::size_t batch_size = 10);
/// The room of the position, when all that was appended came from `append`.
std::string room_of(call::Position position);

/// The positions that a whole read gives; the failure ends up in `failure`.
std::vector<call::Position> positions_in(const engine::LogReader& reader,
                                         std::string* failure = nullptr);

/// What a kill leaves of an open store: its files as they are now.
void copy_files(const std::filesystem::path& from, const std::filesystem::path& to);

/// The one file with this extension (the largest, when there are more).
std::filesystem::path file_in(const std::filesystem::path& directory, const std::string& extension);

std::string bytes_of(const std::filesystem::path& file);
void write_bytes(const std::filesystem::path& file, const std::string& bytes);

}  // namespace callstate::storage::testing
