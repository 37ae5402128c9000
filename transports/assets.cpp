#include "transports/assets.hpp"

#include <algorithm>
#include <charconv>

#include "transports/http_reading.hpp"

namespace callstate::transports {
namespace {

std::string_view trim(std::string_view text) {
  constexpr std::string_view blank = " \t";
  const auto first = text.find_first_not_of(blank);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

/// Whether an item of the list, between commas, is one that `fits`.
template <class Fits>
bool any_of_list(std::string_view list, const Fits& fits) {
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    if (fits(trim(list.substr(0, comma)))) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

/// `;q=0` says that it is not wanted.
bool is_wanted(std::string_view parameters) {
  const auto q = parameters.find("q=");
  if (q == parameters.npos) return true;
  const auto value = trim(parameters.substr(q + 2));
  double weight = 0;
  const auto read = std::from_chars(value.data(), value.data() + value.size(), weight);
  return read.ec == std::errc{} && weight > 0;
}

bool accepts(const HttpRequest& request, std::string_view coding) {
  return any_of_list(request.field("accept-encoding"), [&](std::string_view item) {
    const auto end = std::min(item.find(';'), item.size());
    return trim(item.substr(0, end)) == coding && is_wanted(item.substr(end));
  });
}

/// Whether who asks has it already.
bool has(const HttpRequest& request, std::string_view etag) {
  return any_of_list(request.field("if-none-match"), [&](std::string_view item) {
    if (item.starts_with("W/")) item.remove_prefix(2);
    return item == "*" || item == etag;
  });
}

struct Form {
  std::string_view bytes;
  std::string_view coding;  // empty: as it is
};

Form form_for(const HttpRequest& request, const Asset& asset) {
  if (!asset.brotli.empty() && accepts(request, "br")) return {asset.brotli, "br"};
  if (!asset.gzip.empty() && accepts(request, "gzip")) return {asset.gzip, "gzip"};
  return {asset.plain, {}};
}

HttpResponse hand_out(const Assets& assets, const Asset& asset, const HttpRequest& request) {
  const auto form = form_for(request, asset);
  std::string etag = "\"";
  etag.append(asset.tag).append(form.coding.empty() ? "" : "-").append(form.coding).append("\"");
  HttpResponse response;
  response.content_type.clear();
  response.fields = assets.fields;
  // What may change is asked for each time, and mostly answered without its bytes.
  response.fields.emplace_back(
      "Cache-Control", asset.immutable ? "public, max-age=31536000, immutable" : "no-cache");
  response.fields.emplace_back("Vary", "Accept-Encoding");
  response.fields.emplace_back("ETag", etag);
  if (has(request, etag)) {
    response.status = 304;
    return response;
  }
  response.content_type = asset.content_type;
  if (!form.coding.empty()) response.fields.emplace_back("Content-Encoding", form.coding);
  response.body = form.bytes;
  return response;
}

}  // namespace

std::optional<HttpResponse> answer_asset(const Assets& assets, const HttpRequest& request) {
  const auto& path = request.segments;
  if (path.empty() || path[0] != assets.folder) return std::nullopt;
  if (assets.files.empty()) return problem(404, {}, assets.missing);
  if (request.method != "GET" && request.method != "HEAD") return wrong_method("GET, HEAD");
  if (path.size() == 1) {
    HttpResponse moved{308, {}, {}, assets.fields};
    moved.fields.emplace_back("Location", std::string("/").append(assets.folder).append("/"));
    return moved;
  }
  const std::string_view name = path[1].empty() ? assets.files.front().name : path[1];
  const auto found = std::ranges::find(assets.files, name, &Asset::name);
  if (path.size() > 2 || found == assets.files.end())
    return problem(404, {}, "there is no such file here");
  return hand_out(assets, *found, request);
}

}  // namespace callstate::transports
