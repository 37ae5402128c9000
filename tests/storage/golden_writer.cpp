#include <filesystem>
#include <fstream>
#include <iostream>

#include "storage/record_codec.hpp"
#include "storage/record_text.hpp"
#include "storage/sample_records.hpp"

// Writes what tests/storage/golden_test.cpp reads: records.hex, one record's
// bytes a line, and records.txt, what each says.

int main(int argc, char** argv) {
  using namespace callstate::storage;
  if (argc != 2) {
    std::cerr << "usage: golden_writer <directory>\n";
    return 2;
  }
  const std::filesystem::path directory = argv[1];
  std::filesystem::create_directories(directory);
  std::ofstream hex(directory / "records.hex");
  std::ofstream text(directory / "records.txt");
  static constexpr std::string_view digits = "0123456789abcdef";
  RecordEncoder encoder;
  for (const auto& record : testing::sample_records()) {
    for (const auto byte : encoder.encode(record)) {
      hex << digits[byte >> 4U] << digits[byte & 0x0FU];
    }
    hex << '\n';
    text << testing::to_text(record) << '\n';
  }
  return hex.flush() && text.flush() ? 0 : 1;
}
