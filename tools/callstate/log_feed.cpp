#include "tools/callstate/log_feed.hpp"

#include <boost/json.hpp>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "core/call/ids.hpp"
#include "tools/callstate/report/event_stream.hpp"
#include "tools/callstate/service_client.hpp"
#include "transports/json_concat.hpp"
#include "transports/text_values.hpp"

namespace callstate::tools {
namespace {

using transports::concat;

constexpr std::chrono::seconds answer_timeout{15};
/// A server says something every 25 s.
constexpr std::chrono::seconds silence_max{120};
constexpr std::chrono::milliseconds retry_after{1'000};
constexpr std::chrono::milliseconds look_every{100};

/// A page of `/v1/log`.
struct Page {
  boost::json::array events;
  call::Position cursor = 0;
  call::Position pos = 0;
};

std::optional<Page> read_page(std::string_view body) {
  boost::system::error_code error;
  const auto value = boost::json::parse({body.data(), body.size()}, error);
  const auto* object = error ? nullptr : value.if_object();
  if (object == nullptr) return std::nullopt;
  const auto* events = object->if_contains("events");
  const auto* cursor = object->if_contains("cursor");
  const auto* pos = object->if_contains("pos");
  if (events == nullptr || !events->is_array() || cursor == nullptr || pos == nullptr)
    return std::nullopt;
  Page page{.events = events->get_array()};
  page.cursor = cursor->to_number<std::uint64_t>(error);
  if (!error) page.pos = pos->to_number<std::uint64_t>(error);
  return error ? std::nullopt : std::optional(std::move(page));
}

/// Whether the same request would be answered otherwise a little later.
bool passes(int status) {
  return status == 429 || status >= 500;
}

}  // namespace

Trouble LogFeed::refused(const HttpAnswer& answer) const {
  if (answer.status == 401 || answer.status == 403) {
    return {Exit::unusable,
            concat("The server at ", url_.text(),
                   " shows its log to a token of the role AUDITOR or SERVICE. Give one with "
                   "--token: `callstate token --role AUDITOR --user ID --tenant ID` with the "
                   "server's secret prints one.")};
  }
  if (answer.status == 404) {
    return {Exit::unusable, concat("The server at ", url_.text(),
                                   " has no /v1/log: it is no callstate server, or an older one.")};
  }
  const auto detail = detail_of(answer.body);
  if (answer.status == 400 && !detail.empty()) return {Exit::unusable, detail + "."};
  return {Exit::unusable,
          concat("The server at ", url_.text(), " answered HTTP ", std::to_string(answer.status),
                 detail.empty() ? "" : ": ", detail, ".")};
}

std::expected<void, Trouble> LogFeed::last(std::size_t count, const Show& show) const {
  if (count == 0) return {};
  std::string where = concat("last=", std::to_string(count));
  std::optional<call::Position> upto;
  std::size_t shown = 0;
  // Long records make more than one page of them.
  while (true) {
    const auto answer =
        http_request(url_, "GET", concat("/v1/log?", where, filters_), token_, answer_timeout);
    if (!answer) return std::unexpected(Trouble{Exit::unusable, answer.error()});
    if (answer->status != 200) return std::unexpected(refused(*answer));
    const auto page = read_page(answer->body);
    if (!page) {
      return std::unexpected(
          Trouble{Exit::unusable,
                  concat("The answer of ", url_.text(), " is not that of a callstate server.")});
    }
    for (const auto& event : page->events)
      if (shown++ < count) show(boost::json::serialize(event));
    if (!upto) upto = page->pos;
    if (page->cursor >= *upto || shown >= count) return {};
    where = concat("after=", std::to_string(page->cursor));
  }
}

std::expected<void, Trouble> LogFeed::follow(
    std::size_t count, const Show& show, const std::function<bool()>& goes_on,
    const std::function<void(std::string_view)>& note) const {
  std::string where = count == 0 ? "" : concat("last=", std::to_string(count));
  bool ever = false;  // it has been followed
  while (goes_on()) {
    bool begun = false;
    EventStream events([&](std::string_view id, std::string_view data) {
      // The first id comes alone, and says that the stream has begun.
      if (!std::exchange(begun, true)) note("following");
      ever = true;
      if (!data.empty()) show(data);
      if (!id.empty()) where = concat("after=", id);
    });
    const Listening listening{.take =
                                  [&](std::string_view bytes) {
                                    events.take(bytes);
                                    return goes_on();
                                  },
                              .answer_timeout = answer_timeout,
                              .silence_max = silence_max};
    const auto answer =
        http_listen(url_, concat("/v1/log/stream?", where, filters_), token_, listening);
    // Who has never been answered is told so at once.
    if (!answer && !ever) return std::unexpected(Trouble{Exit::unusable, answer.error()});
    if (answer && answer->status != 200 && !passes(answer->status))
      return std::unexpected(refused(*answer));
    if (!goes_on()) return {};
    note("the connection has ended: trying again");
    const auto until = std::chrono::steady_clock::now() + retry_after;
    while (goes_on() && std::chrono::steady_clock::now() < until)
      std::this_thread::sleep_for(look_every);
  }
  return {};
}

}  // namespace callstate::tools
