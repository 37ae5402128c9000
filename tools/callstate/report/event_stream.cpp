#include "tools/callstate/report/event_stream.hpp"

#include <utility>

namespace callstate::tools {

void EventStream::take(std::string_view bytes) {
  rest_ += bytes;
  std::size_t from = 0;
  for (auto end = rest_.find('\n'); end != rest_.npos; end = rest_.find('\n', from)) {
    line(std::string_view(rest_).substr(from, end - from));
    from = end + 1;
  }
  rest_.erase(0, from);
}

void EventStream::line(std::string_view text) {
  if (text.empty()) {
    const auto id = std::exchange(id_, {});
    const auto data = std::exchange(data_, {});
    if (!id.empty() || !data.empty()) event_(id, data);
    return;
  }
  const auto colon = text.find(':');
  if (colon == text.npos) return;
  auto value = text.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  const auto field = text.substr(0, colon);
  if (field == "id") id_ = value;
  if (field != "data") return;
  if (!data_.empty()) data_ += '\n';
  data_ += value;
}

}  // namespace callstate::tools
