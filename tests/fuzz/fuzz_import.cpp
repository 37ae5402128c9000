// Any text as an export: it is refused with a sentence, or each record that is taken
// is written again as a line that is read as the same record.

#include <cstdlib>
#include <string>

#include "tools/callstate/carry/unpacker.hpp"

using namespace callstate;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void check_line(std::string_view line) {
  call::Record record;
  call::Hash hash{};
  const auto read = tools::read_line(line, record, hash);
  if (!read) return require(!read.error().what.empty());
  std::string written;
  tools::write_line(written, record, hash);
  call::Record again;
  call::Hash hash_again{};
  require(
      tools::read_line(std::string_view(written).substr(0, written.size() - 1), again, hash_again)
          .has_value());
  require(again.payload == record.payload && again.previous == record.previous &&
          again.at == record.at && again.stream == record.stream && hash_again == hash);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  tools::Unpacker unpacker;
  bool refused = false;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    check_line(line);
    if (!refused) {
      const auto took = unpacker.take(line);
      refused = !took;
      if (refused) require(!took.error().sentence().empty());
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  (void)unpacker.finish();
  return 0;
}
