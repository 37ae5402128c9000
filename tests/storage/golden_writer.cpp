#include <filesystem>
#include <fstream>
#include <iostream>

#include "storage/detail/positions.hpp"
#include "storage/golden_files.hpp"
#include "storage/golden_log.hpp"
#include "storage/raw_database.hpp"
#include "storage/record_codec.hpp"
#include "storage/record_text.hpp"
#include "storage/sample_records.hpp"

// Writes what tests/storage/golden_test.cpp reads: of single records records.hex,
// one's bytes a line, and records.txt, what each says; of a whole log log.hex and
// states.txt, what a replay of it gives.

namespace callstate::storage::testing {
namespace {

void write_records(const std::filesystem::path& directory) {
  std::ofstream hex(directory / "records.hex");
  std::ofstream text(directory / "records.txt");
  RecordEncoder encoder;
  for (const auto& record : sample_records()) {
    hex << hex_of(encoder.encode(record)) << '\n';
    text << to_text(record) << '\n';
  }
}

void write_log(const std::filesystem::path& directory) {
  const auto path = directory / "log.tmp";
  {
    auto store = Store::open({.path = path});
    if (!store) throw std::runtime_error(store.error().message);
    play_golden_story(**store);
    std::ofstream states(directory / "states.txt");
    for (const auto& line : replayed_states((*store)->reader())) states << line << '\n';
  }
  std::ofstream hex(directory / "log.hex");
  change_behind_its_back(path, [&](Database& database) {
    const std::unique_ptr<rocksdb::Iterator> at(database.db->NewIterator({}, database.log));
    for (at->SeekToFirst(); at->Valid(); at->Next()) {
      const auto* bytes = reinterpret_cast<const std::uint8_t*>(at->value().data());
      hex << hex_of({bytes, at->value().size()}) << '\n';
    }
  });
  std::filesystem::remove_all(path);
}

}  // namespace
}  // namespace callstate::storage::testing

int main(int argc, char** argv) {
  using namespace callstate::storage::testing;
  if (argc != 2) {
    std::cerr << "usage: golden_writer <directory>\n";
    return 2;
  }
  std::filesystem::create_directories(argv[1]);
  try {
    write_records(argv[1]);
    write_log(argv[1]);
  } catch (const std::exception& failure) {
    std::cerr << "golden_writer: " << failure.what() << '\n';
    return 1;
  }
  return 0;
}
