#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "transports/http.hpp"

namespace callstate::transports {

/// A file that the server hands out as it is, to anybody. What its texts and bytes
/// are part of outlives the server.
struct Asset {
  std::string_view name;  // in its folder: `index.html`
  std::string_view content_type;
  std::string_view tag;    // changes with the bytes; of letters, digits and `-`
  bool immutable = false;  // the name changes with the bytes: it may be kept for ever
  std::string_view plain;  // the bytes, and the same compressed; empty: not kept so
  std::string_view gzip{};
  std::string_view brotli{};
};

/// A folder of such files, at one path of the server.
struct Assets {
  std::string_view folder;  // `console`: the files are below `/console/`
  /// The first is the page, which is shown at the folder's own path.
  std::span<const Asset> files;
  /// Why there are none: a sentence for who asks for them.
  std::string_view missing{};
  std::vector<std::pair<std::string, std::string>> fields{};  // of every answer with a file
};

/// The answer where the request's path is in the folder; nothing for all others. Pure.
std::optional<HttpResponse> answer_asset(const Assets& assets, const HttpRequest& request);

}  // namespace callstate::transports
