#include "storage/stream_text.hpp"

#include <string_view>

namespace callstate::storage {

std::string describe(const call::Stream& stream) {
  if (stream.kind == call::StreamKind::server) return "the server's stream";
  std::string text(stream.kind == call::StreamKind::room ? "room " : "user ");
  text.append(stream.tenant.view()).append("/").append(stream.name.view());
  return text;
}

void key_of(const call::Stream& stream, std::string& key) {
  static_assert(call::TenantId::bytes_max < 256, "its length fits one byte");
  key.clear();
  key.push_back(static_cast<char>(stream.kind));
  key.push_back(static_cast<char>(stream.tenant.view().size()));
  key.append(stream.tenant.view()).append(stream.name.view());
}

}  // namespace callstate::storage
