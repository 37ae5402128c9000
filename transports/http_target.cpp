#include "transports/http_target.hpp"

#include <algorithm>
#include <boost/url.hpp>
#include <boost/url/grammar/ci_string.hpp>

#include "transports/http.hpp"

namespace callstate::transports {
namespace {

constexpr bool is_hex(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

constexpr bool may_stand_in_target(char c) {
  constexpr std::string_view excluded = "\"<>[\\]^`{|}#";
  return c > ' ' && c < '\x7f' && excluded.find(c) == std::string_view::npos;
}

// What is at `at` is a `%` and no encoded byte.
constexpr bool is_stray_percent(std::string_view target, std::size_t at) {
  return target[at] == '%' &&
         !(at + 2 < target.size() && is_hex(target[at + 1]) && is_hex(target[at + 2]));
}

// Clients put room names into the path as they are: encodes what should have
// been encoded.
std::string encode_strays(std::string_view target) {
  static constexpr std::string_view digits = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(target.size());
  for (std::size_t i = 0; i < target.size(); ++i) {
    const char c = target[i];
    if (may_stand_in_target(c) && !is_stray_percent(target, i)) {
      encoded.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded.push_back('%');
    encoded.push_back(digits[byte >> 4U]);
    encoded.push_back(digits[byte & 0x0FU]);
  }
  return encoded;
}

// A proxy is asked with a whole URL, which every server must take (RFC 9112,
// 3.2.2). Whom it names does not matter here: what follows does.
std::string origin_form(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!boost::urls::grammar::ci_is_equal(target.substr(0, scheme.size()), scheme)) continue;
    const auto host = target.substr(scheme.size());
    const auto end = std::min(host.find_first_of("/?"), host.size());
    if (end == 0) return {};
    const auto rest = host.substr(end);
    return rest.starts_with('/') ? std::string(rest) : std::string("/").append(rest);
  }
  return std::string(target);
}

std::string_view first_of(const std::vector<std::pair<std::string, std::string>>& pairs,
                          std::string_view name) {
  for (const auto& [key, value] : pairs)
    if (key == name) return value;
  return {};
}

// What follows the first `count` segments, as one text.
std::string rest(const std::vector<std::string>& segments, std::size_t count) {
  std::string text;
  for (std::size_t i = count; i < segments.size(); ++i) {
    if (i != count) text.push_back('/');
    text += segments[i];
  }
  return text;
}

}  // namespace

std::string_view HttpTarget::parameter(std::string_view name) const {
  return first_of(query, name);
}

std::string_view HttpRequest::parameter(std::string_view name) const {
  return first_of(query, name);
}

bool HttpRequest::has_parameter(std::string_view name) const {
  return std::ranges::any_of(query, [name](const auto& each) { return each.first == name; });
}

std::string_view HttpRequest::field(std::string_view name) const {
  return first_of(fields, name);
}

std::optional<HttpTarget> parse_target(std::string_view target) {
  const auto encoded = encode_strays(origin_form(target));
  const auto parsed = boost::urls::parse_origin_form(encoded);
  if (!parsed) return std::nullopt;
  HttpTarget result;
  result.path = parsed->path();
  for (const auto& segment : parsed->segments()) result.segments.push_back(segment);
  boost::urls::encoding_opts plus_is_space;
  plus_is_space.space_as_plus = true;
  for (const auto& parameter : parsed->params(plus_is_space))
    result.query.emplace_back(parameter.key, parameter.value);
  return result;
}

bool has_stray_percent(std::string_view target) {
  for (std::size_t i = 0; i < target.size(); ++i) {
    if (is_stray_percent(target, i)) return true;
  }
  return false;
}

Route route(const HttpTarget& target) {
  const auto& segments = target.segments;
  if (target.path == "/healthz") return {Route::Kind::healthz, {}};
  if (target.path == "/readyz") return {Route::Kind::readyz, {}};
  if (target.path == "/v1/ws") return {Route::Kind::user_session, {}};
  if (segments.size() >= 2 && segments[0] == "party")
    return {Route::Kind::room_session, rest(segments, 1)};
  if (segments.size() >= 3 && segments[0] == "parties")
    return {Route::Kind::room_session, rest(segments, 2)};
  return {};
}

}  // namespace callstate::transports
