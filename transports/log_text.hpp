#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string>

#include "core/call/event.hpp"
#include "core/engine/log_query.hpp"
#include "transports/http.hpp"

// The log as it is asked for and shown by HTTP. Pure.

namespace callstate::transports {

/// Records of a page, at most; and where nothing is said.
constexpr std::size_t log_page_max = 1000;
constexpr std::size_t log_page_usual = 100;

/// What the parameters of `/v1/log` ask for, in the tenant of who asks.
struct LogRequest {
  engine::LogQuery query{};
  std::optional<call::Position> after{};  // a cursor
  std::optional<std::size_t> last{};      // instead: so many of those that there are
  std::size_t limit = log_page_usual;
};
/// Or which of them is wrong, and why.
std::expected<LogRequest, std::string> read_log_request(const HttpRequest& request);

/// One record as a JSON object: the event as on the wire, and what only the log knows of
/// it. No token is in it, since none is in the log.
std::string record_text(const call::Record& record);

}  // namespace callstate::transports
