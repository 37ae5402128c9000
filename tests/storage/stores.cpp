#include "storage/stores.hpp"

#include <stdlib.h>

#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>

#include "storage/sample_records.hpp"

namespace callstate::storage::testing {

namespace fs = std::filesystem;

TemporaryDirectory::TemporaryDirectory() {
  auto made = (fs::temp_directory_path() / "callstate-test-XXXXXX").string();
  if (::mkdtemp(made.data()) == nullptr) throw std::runtime_error("no temporary directory");
  path_ = made;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::unique_ptr<Store> open(const fs::path& path) {
  auto store = Store::open({.path = path});
  if (!store) throw std::runtime_error(store.error().message);
  return std::move(*store);
}

std::string refusal_of(const fs::path& path) {
  const auto store = Store::open({.path = path, .create_if_missing = false});
  return store ? std::string() : store.error().message;
}

std::string refusal_to_read(const fs::path& path) {
  const auto log = StoredLog::open(path);
  return log ? std::string() : log.error().message;
}

std::string room_of(call::Position position) {
  return "room-" + std::to_string((position - 1) % 10);
}

std::expected<void, engine::Failure> try_append(Store& store, std::size_t count,
                                                std::size_t batch_size) {
  auto next = store.reader().head() + 1;
  while (count > 0) {
    auto batch = store.log().begin();
    for (; count > 0 && batch->size() < batch_size; --count) {
      auto record = signal_in(room_of(next++), 1);
      batch->add(record);
    }
    if (auto committed = store.log().commit(std::move(batch)); !committed) return committed;
  }
  return {};
}

void append(Store& store, std::size_t count, std::size_t batch_size) {
  const auto appended = try_append(store, count, batch_size);
  if (!appended) throw std::runtime_error(appended.error().message);
}

std::vector<call::Position> positions_in(const engine::LogReader& reader, std::string* failure) {
  std::vector<call::Position> positions;
  const auto read = reader.read(1, reader.head(), [&](const auto& record, const auto&) {
    positions.push_back(record.position);
    return true;
  });
  if (!read && failure != nullptr) *failure = read.error().message;
  if (!read && failure == nullptr) ADD_FAILURE() << read.error().message;
  return positions;
}

namespace {

/// By name; without those that are under way, and may go at any moment.
std::map<fs::path, std::uintmax_t> sizes_in(const fs::path& directory) {
  std::map<fs::path, std::uintmax_t> sizes;
  for (const auto& file : fs::directory_iterator(directory)) {
    std::error_code gone;
    if (file.path().extension() != ".new")
      sizes[file.path().filename()] = fs::file_size(file.path(), gone);
  }
  return sizes;
}

}  // namespace

// A kill is of one moment, and a compaction in the background may take files away
// while they are copied: then it was not one.
void copy_files(const fs::path& from, const fs::path& to) {
  fs::create_directories(to);
  for (bool whole = false; !whole;) {
    const auto sizes = sizes_in(from);
    whole = true;
    for (const auto& [name, size] : sizes) {
      std::error_code gone;
      whole = fs::copy_file(from / name, to / name, gone) && whole;
    }
    whole = whole && sizes_in(from) == sizes;
    for (const auto& [name, size] : sizes) {
      if (!whole) fs::remove(to / name);
    }
  }
}

fs::path file_in(const fs::path& directory, const std::string& extension) {
  fs::path largest;
  for (const auto& file : fs::directory_iterator(directory)) {
    if (file.path().extension() != extension) continue;
    if (largest.empty() || file.file_size() > fs::file_size(largest)) largest = file.path();
  }
  return largest;
}

std::string bytes_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_bytes(const fs::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary | std::ios::trunc) << bytes;
}

}  // namespace callstate::storage::testing
