#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>

#include "tools/callstate/metrics/exposition.hpp"
#include "transports/http.hpp"

namespace callstate::tools {

/// Who is shown the metrics, besides back ends and auditors by their token.
enum class MetricsAccess : std::uint8_t { loopback, open, off };
/// `loopback`, `open` or `off`.
std::optional<MetricsAccess> parse_metrics_access(std::string_view text);

/// `GET /metrics`: the server's numbers, for Prometheus.
class MetricsEndpoint {
 public:
  /// `read` is asked at each look, on the server's handler thread.
  MetricsEndpoint(MetricsAccess access, std::function<Readings()> read)
      : access_(access), read_(std::move(read)) {}

  /// The answer, or nothing when the path is not this one, or there is none.
  std::optional<transports::HttpResponse> answer(const transports::HttpRequest& request) const;

 private:
  const MetricsAccess access_;
  const std::function<Readings()> read_;
};

}  // namespace callstate::tools
