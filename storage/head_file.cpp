#include "storage/detail/head_file.hpp"

#include <charconv>
#include <string>

#include "storage/detail/files.hpp"

namespace callstate::storage {
namespace {

/// `305 1482670117`: the position and the CRC-32C of its digits.
std::string text_of(call::Position position) {
  const auto digits = std::to_string(position);
  return digits + " " + std::to_string(crc32c(digits)) + "\n";
}

}  // namespace

std::filesystem::path head_file(const std::filesystem::path& directory) {
  return directory / "head";
}

call::Position read_head(const std::filesystem::path& directory) {
  const auto text = read_file(head_file(directory));
  if (!text) return 0;
  call::Position position = 0;
  const auto parsed = std::from_chars(text->data(), text->data() + text->size(), position);
  return parsed.ec == std::errc{} && *text == text_of(position) ? position : 0;
}

bool write_head(const std::filesystem::path& directory, call::Position position) {
  return replace_file(head_file(directory), text_of(position));
}

}  // namespace callstate::storage
