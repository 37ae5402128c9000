#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "transports/http_api.hpp"
#include "transports/http_reading.hpp"
#include "transports/json_writer.hpp"
#include "transports/log_pages.hpp"
#include "transports/text_values.hpp"
#include "transports/utc_now.hpp"

// The log for those who may see all of it, a page at a time or as it grows. It is read
// on a thread of its own, and nothing of it is in the way of a message.

namespace callstate::transports {
namespace {

constexpr std::size_t records_per_write = 256;  // of a stream
/// How often a stream looks, at most: what comes faster goes out together.
constexpr std::chrono::milliseconds looks_apart{20};

std::string expired(call::Position first) {
  return "the log no longer holds what came after this position: it begins with " +
         std::to_string(first);
}

std::string expired_event(call::Position first) {
  const engine::Refusal refusal{{call::ErrorCode::cursor_expired, expired(first)}, {}, {}, {}, {}};
  return "data: " + encode(refusal) + "\n\n";
}

void append_id(std::string& out, call::Position position) {
  out.append("id: ").append(std::to_string(position)).append("\n");
}

std::string page_text(const LogPage& page, call::Position first) {
  std::string body = R"({"events":[)";
  for (const auto& line : page.lines) body.append(body.back() == '[' ? "" : ",").append(line.text);
  body.push_back(']');
  JsonWriter to(body);
  to.number("cursor", page.cursor);
  to.number("first", first);
  to.number("pos", page.head);
  to.end_object();
  return body;
}

}  // namespace

HttpApi::Or<LogRequest> HttpApi::read_log_wanted(const HttpRequest& request) const {
  const auto refuse = [](std::string_view sentence) {
    return std::unexpected(problem(400, "INVALID_MESSAGE", sentence));
  };
  if (!sees_all(*request.identity)) {
    return std::unexpected(
        problem(403, "FORBIDDEN", "the log is for the roles AUDITOR and SERVICE"));
  }
  auto wanted = read_log_request(request);
  if (!wanted) return refuse(wanted.error());
  // A browser that reconnects by itself says where it was in a header.
  if (const auto last = request.field("last-event-id"); streams(request) && !last.empty()) {
    wanted->last.reset();
    wanted->after = parse_number(last);
    if (!wanted->after)
      return refuse("Last-Event-ID must be a position: a whole number, not negative");
  }
  if (wanted->after.value_or(0) > server_.ports.mailbox.head())
    return refuse("after lies beyond the log's end: it is no cursor of this log");
  return std::move(*wanted);
}

HttpResponse HttpApi::log_unreadable(const engine::Failure& failure) const {
  server_.ports.logger(Logger::Level::error, "the log cannot be read: " + failure.message);
  return problem(500, "INTERNAL", "the log cannot be read");
}

Task<HttpResponse> HttpApi::log_page(const HttpRequest& request) {
  const auto wanted = read_log_wanted(request);
  if (!wanted) co_return wanted.error();
  auto revoked = co_await refuse_revoked(request);
  if (revoked) co_return std::move(*revoked);
  const auto first = server_.ports.log.first();
  if (wanted->after && *wanted->after + 1 < first)
    co_return problem(410, "CURSOR_EXPIRED", expired(first));
  const LogPages pages(server_.ports, *wanted, request.identity->user);
  std::expected<LogPage, engine::Failure> page;
  auto job = [&] {
    const auto after = pages.begin(first - 1);
    if (after) {
      page = pages.read(*after, wanted->last.value_or(wanted->limit));
    } else {
      page = std::unexpected(after.error());
    }
  };
  co_await on_thread(server_.log_readers, job);
  if (!page) co_return log_unreadable(page.error());
  HttpResponse response;
  response.body = page_text(*page, first);
  response.fields.emplace_back("Cache-Control", "no-store");
  co_return response;
}

std::optional<HttpResponse> HttpApi::take_log_place(const Identity& who) {
  answered();
  auto own = server_.log_streams.take(key_of(who));
  auto one = own ? server_.log_streams_in_all.take("") : std::nullopt;
  if (one) {
    place_.emplace(std::move(*own));
    place_in_all_.emplace(std::move(*one));
    return std::nullopt;
  }
  ++server_.metrics.too_many_polls;
  return problem(429, "RATE_LIMITED",
                 own ? "too many streams of the log at once, of all users together"
                     : "too many streams of the log of this user at once");
}

Task<std::optional<HttpResponse>> HttpApi::stream_log(std::unique_ptr<HttpRequest> owned,
                                                      const Write& write) {
  const HttpRequest& request = *owned;
  auto wanted = read_log_wanted(request);
  if (!wanted) co_return std::move(wanted.error());
  auto revoked = co_await refuse_revoked(request);
  if (revoked) co_return std::move(*revoked);
  if (auto full = take_log_place(*request.identity)) co_return std::move(*full);
  if (request.method == "HEAD") co_return event_stream_answer();

  std::string out = event_stream_head(server_.settings.cors_origins, request);
  const auto first = server_.ports.log.first();
  if (wanted->after && *wanted->after + 1 < first) {
    out += expired_event(first);
    wanted->after = first - 1;
  }
  const LogPages pages(server_.ports, *wanted, request.identity->user);
  std::expected<call::Position, engine::Failure> after;
  auto job = [&] { after = pages.begin(server_.ports.mailbox.head()); };
  co_await on_thread(server_.log_readers, job);
  if (!after) co_return log_unreadable(after.error());
  // Before the first event: who listens knows that it does, and from where.
  append_id(out, *after);
  out.push_back('\n');
  co_await feed_log(request, pages, *after, std::move(out), write);
  co_return std::nullopt;
}

// As long as the client takes what it is sent, and its token holds.
Task<void> HttpApi::feed_log(const HttpRequest& request, const LogPages& pages,
                             call::Position after, std::string out, const Write& write) {
  const auto ping_interval = server_.settings.websocket.ping_interval;
  const auto expires = request.identity->expires_at;
  auto next_ping = SteadyClock::now() + ping_interval;
  while (!going_away_ && utc_now() < expires) {
    const auto looked = SteadyClock::now();
    std::expected<LogPage, engine::Failure> page;
    auto job = [&] { page = pages.read(after, records_per_write); };
    co_await on_thread(server_.log_readers, job);
    if (!page) {
      (void)log_unreadable(page.error());
      co_return;
    }
    after = page->cursor;
    for (const auto& [position, text] : page->lines) {
      append_id(out, position);
      out.append("data: ").append(text).append("\n\n");
    }
    const bool ping = looked >= next_ping;
    if (ping) {
      next_ping = looked + ping_interval;
      out.append(":\n");
      append_id(out, after);
      out.push_back('\n');
    }
    if (ping || page->revokes) {
      const auto revoked = co_await refuse_revoked(request);
      if (revoked) co_return;
    }
    if (!out.empty()) {
      const std::string text = std::exchange(out, {});
      const bool taken = co_await write(text);
      if (!taken) co_return;
    }
    if (after == page->head) co_await wait_for_log(after, looked + looks_apart, next_ping, expires);
  }
}

// Until the log has grown, and not before `earliest`.
Task<void> HttpApi::wait_for_log(call::Position after, SteadyTime earliest, SteadyTime latest,
                                 call::Time expires) {
  const Watch watch = [&](std::function<void()> wake) {
    return server_.ports.mailbox.watch_head(after, std::move(wake));
  };
  // In that unit: in nanoseconds an expiry of another century is beyond its type.
  const auto now = SteadyClock::now();
  const auto left = std::chrono::duration_cast<call::Duration>(latest - now);
  co_await wait_for(watch, now + std::min<call::Duration>(left, expires - utc_now()));
  asio::steady_timer pause(thread_.context(), earliest);
  boost::system::error_code cancelled;
  co_await pause.async_wait(asio::redirect_error(use_task, cancelled));
}

}  // namespace callstate::transports
