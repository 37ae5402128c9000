#include <algorithm>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "transports/history_text.hpp"
#include "transports/http_api.hpp"
#include "transports/http_reading.hpp"
#include "transports/json_writer.hpp"

// Calls of the past, from the history that is kept of them. It follows the log, so
// that a request waits for it a moment: who has just ended a call sees it ended.

namespace callstate::transports {
namespace {

constexpr std::chrono::milliseconds look_every{5};

HttpResponse refuse(std::string_view sentence) {
  return problem(400, "INVALID_MESSAGE", sentence);
}

bool took_part(const history::CallRow& row, const call::UserId& user) {
  return std::ranges::find(row.parties, user, &history::Party::user) != row.parties.end();
}

/// What is read of one call for who asks.
struct CallRead {
  std::expected<std::optional<history::CallRow>, history::Trouble> row;
  call::Position pos = 0;  // how far the history had come before

  void read(const history::HistoryReader& history, const Identity& who, const call::CallId& id) {
    pos = history.position();
    row = history.call(who.tenant, id);
    if (row && *row && !sees_all(who) && !took_part(**row, who.user)) row->reset();
  }
  [[nodiscard]] bool found() const { return row && *row; }
};

/// A page of a call's events.
struct EventsRead {
  std::expected<std::vector<call::Position>, history::Trouble> positions;
  std::expected<void, engine::Failure> log;
  std::string events;                   // JSON, with commas between
  std::optional<call::Position> after;  // where more begins

  void read(const ServerPorts& ports, const Identity& who, const call::CallId& id,
            const EventsQuery& query) {
    positions = ports.history->events(who.tenant, id, query.after, query.limit + 1);
    if (!positions) return;
    if (positions->size() > query.limit) {
      positions->pop_back();
      after = positions->back();
    }
    const Viewer viewer{.user = who.user.view(), .everything = sees_all(who)};
    log = ports.log.read_at(*positions, [&](const call::Record& record, const auto&) {
      // The history may be of a log that has parted from this one: it says where to
      // look, and the record itself whose it is.
      if (record.call != id || record.stream.tenant != who.tenant) return true;
      if (record.outcome == call::Outcome::applied || sees_all(who))
        events.append(events.empty() ? "" : ",").append(encode(engine::Event{record}, viewer));
      if (events.size() < history_page_bytes || record.position == positions->back()) return true;
      after = record.position;
      return false;
    });
  }
};

HttpResponse unfresh(std::string body) {
  HttpResponse response;
  response.body = std::move(body);
  response.fields.emplace_back("Cache-Control", "no-store");
  return response;
}

// What has not yet come into the history is not gone.
HttpResponse no_such_call(call::Position pos, call::Position head) {
  if (pos < head) {
    return problem(503, "STORAGE_UNAVAILABLE",
                   "the history of calls is behind, and this call not in it yet, if there is one: "
                   "ask again later");
  }
  return problem(404, {}, "there is no such call");
}

}  // namespace

Task<HttpApi::Or<call::Position>> HttpApi::history_of_now(const HttpRequest& request) {
  const auto* history = server_.ports.history;
  if (history == nullptr) {
    co_return std::unexpected(
        problem(404, {}, "this server keeps no history of calls: it runs with --no-index"));
  }
  const auto head = server_.ports.log.head();
  auto refused = co_await refuse_revoked(request);
  if (refused) co_return std::unexpected(std::move(*refused));
  asio::steady_timer timer(thread_.context());
  const auto until = SteadyClock::now() + server_.settings.history_wait;
  while (history->position() < head && SteadyClock::now() < until && !going_away_) {
    timer.expires_after(look_every);
    boost::system::error_code cancelled;
    co_await timer.async_wait(asio::redirect_error(use_task, cancelled));
  }
  co_return head;
}

HttpResponse HttpApi::history_trouble(const history::Trouble& trouble) {
  server_.ports.logger(Logger::Level::warning,
                       "the history of calls cannot be read: " + trouble.message);
  return problem(503, "STORAGE_UNAVAILABLE",
                 "the history of calls cannot be read now: ask again later");
}

Task<HttpResponse> HttpApi::list_calls(const HttpRequest& request) {
  auto query = read_call_query(request);
  if (!query) co_return refuse(query.error());
  const auto& who = *request.identity;
  if (!sees_all(who)) {
    if (!query->user.empty() && query->user != who.user)
      co_return problem(403, "FORBIDDEN", "user must be the token's own, or left out");
    query->user = who.user;
  }
  auto head = co_await history_of_now(request);
  if (!head) co_return std::move(head.error());
  std::expected<history::CallPage, history::Trouble> page;
  call::Position pos = 0;
  auto job = [&] {
    pos = server_.ports.history->position();
    page = server_.ports.history->calls(*query);
  };
  co_await on_reader(job);
  if (!page) co_return history_trouble(page.error());
  std::string body = R"({"calls":[)";
  for (const auto& row : page->calls) {
    append_call(body, row);
    if (body.size() < history_page_bytes || &row == &page->calls.back()) continue;
    page->next = history::CallCursor{row.started_at, row.id};
    break;
  }
  body.push_back(']');
  JsonWriter to(body);
  page->next ? to.text("next", cursor_text(*page->next)) : to.null("next");
  to.number("pos", pos);
  to.end_object();
  co_return unfresh(std::move(body));
}

Task<HttpResponse> HttpApi::show_call(const HttpRequest& request, std::string id) {
  const auto call = call::parse_call_id(id);
  if (!call) co_return refuse("the call's id must be a UUID");
  auto head = co_await history_of_now(request);
  if (!head) co_return std::move(head.error());
  CallRead read;
  auto job = [&] { read.read(*server_.ports.history, *request.identity, *call); };
  co_await on_reader(job);
  if (!read.row) co_return history_trouble(read.row.error());
  if (!read.found()) co_return no_such_call(read.pos, *head);
  std::string body;
  append_call(body, **read.row);
  co_return unfresh(std::move(body));
}

Task<HttpResponse> HttpApi::call_events(const HttpRequest& request, std::string id) {
  const auto call = call::parse_call_id(id);
  if (!call) co_return refuse("the call's id must be a UUID");
  const auto query = read_events_query(request);
  if (!query) co_return refuse(query.error());
  auto head = co_await history_of_now(request);
  if (!head) co_return std::move(head.error());
  CallRead read;
  EventsRead page;
  auto job = [&] {
    read.read(*server_.ports.history, *request.identity, *call);
    if (read.found()) page.read(server_.ports, *request.identity, *call, *query);
  };
  co_await on_reader(job);
  if (!read.row) co_return history_trouble(read.row.error());
  if (!read.found()) co_return no_such_call(read.pos, *head);
  if (!page.positions) co_return history_trouble(page.positions.error());
  if (!page.log) {
    server_.ports.logger(Logger::Level::error,
                         "the events of a call cannot be read: " + page.log.error().message);
    co_return problem(500, "INTERNAL", "the log cannot be read");
  }
  std::string body = R"({"events":[)";
  body.append(page.events).push_back(']');
  JsonWriter to(body);
  page.after ? to.number("next", *page.after) : to.null("next");
  to.number("pos", read.pos);
  to.end_object();
  co_return unfresh(std::move(body));
}

}  // namespace callstate::transports
