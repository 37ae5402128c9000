// Any text as an evidence file: it is answered, and nothing but what would be written
// is taken for good.

#include <cstdlib>

#include "tools/callstate/evidence/check.hpp"

using namespace callstate;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = tools::parse_evidence(text);
  const auto checked = tools::check_evidence(text, {});
  require(parsed.has_value() == checked.has_value());
  if (!parsed) {
    require(!parsed.error().empty());
    return 0;
  }
  const auto written = tools::write_evidence(*parsed);
  require(!checked->good() || written == text);
  require(tools::parse_evidence(written).has_value());
  require(!tools::render_checked(*checked).empty());
  return 0;
}
