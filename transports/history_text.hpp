#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "core/history/ports.hpp"
#include "transports/http.hpp"

// Private to transports: the history of calls as it is asked for and shown by HTTP.
// Pure.

namespace callstate::transports {

/// Of a page, at most; and where nothing is said.
constexpr std::size_t history_page_max = 200;
constexpr std::size_t history_page_usual = 50;
/// Of a page's text: what reaches it is the last of the page.
constexpr std::size_t history_page_bytes = 256UL * 1024;

/// Where a page begins, as a text that means nothing to a client.
std::string cursor_text(const history::CallCursor& cursor);
std::optional<history::CallCursor> parse_cursor(std::string_view text);

/// What the parameters of `/v1/calls` ask for, in the tenant of who asks; or which of
/// them is wrong, and why.
std::expected<history::CallQuery, std::string> read_call_query(const HttpRequest& request);

/// Those of `/v1/calls/{call}/events`.
struct EventsQuery {
  call::Position after = 0;
  std::size_t limit = history_page_usual;
};
std::expected<EventsQuery, std::string> read_events_query(const HttpRequest& request);

/// Appends a call as a JSON object, in an array behind a comma where one is needed.
/// Times that there are none of are left out, and so is how it ended while it lives.
void append_call(std::string& out, const history::CallRow& row);

}  // namespace callstate::transports
