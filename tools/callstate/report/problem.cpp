#include "tools/callstate/report/problem.hpp"

#include <algorithm>

namespace callstate::tools {
namespace {

constexpr std::size_t named_max = 8;

}  // namespace

std::string describe(const call::Stream& stream) {
  const std::string of_tenant = " of tenant " + std::string(stream.tenant.view());
  switch (stream.kind) {
    case call::StreamKind::room:
      return "room " + std::string(stream.name.view()) + of_tenant;
    case call::StreamKind::user:
      return "user " + std::string(stream.name.view()) + of_tenant;
    case call::StreamKind::server:
      return "the server's stream";
  }
  return {};
}

std::string describe(const Place& place) {
  auto text = describe(place.stream);
  if (!place.call.empty()) text += ", call " + to_string(place.call);
  return text;
}

std::string list_of(const std::vector<Place>& places, const std::string& separator) {
  std::string text;
  const auto named = std::min(places.size(), named_max);
  for (std::size_t i = 0; i < named; ++i) {
    const auto& place = places[i];
    if (i > 0) text += separator;
    text += place.position == 0
                ? describe(place)
                : "position " + std::to_string(place.position) + " (" + describe(place) + ")";
  }
  if (places.size() > named) {
    text += separator + std::to_string(places.size() - named) + " more";
  }
  return text;
}

}  // namespace callstate::tools
