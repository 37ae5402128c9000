#include "core/engine/beginning.hpp"

#include <algorithm>
#include <utility>

namespace callstate::engine {

std::string Beginning::key_of(const call::Stream& stream) {
  static_assert(call::TenantId::bytes_max < 256, "its length fits one byte");
  std::string key;
  key.push_back(static_cast<char>(stream.kind));
  key.push_back(static_cast<char>(stream.tenant.view().size()));
  key.append(stream.tenant.view()).append(stream.name.view());
  return key;
}

void Beginning::add(State state) {
  auto key = key_of(state.stream);
  states.insert_or_assign(std::move(key), std::move(state));
}

const Beginning::State* Beginning::find(const call::Stream& stream) const {
  const auto found = states.find(key_of(stream));
  return found == states.end() ? nullptr : &found->second;
}

bool Beginning::holds(call::Position position) const {
  return position >= first || std::ranges::binary_search(kept, position);
}

}  // namespace callstate::engine
