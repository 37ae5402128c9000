#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <utility>

#include "transports/answers.hpp"
#include "transports/attendance.hpp"
#include "transports/close_code.hpp"
#include "transports/http_api.hpp"
#include "transports/http_reading.hpp"
#include "transports/pollers.hpp"
#include "transports/text_values.hpp"
#include "transports/utc_now.hpp"

// Polls and streams of events. Nothing of a client is kept between two polls but
// that it is online: what it is sent is read from the log, after the cursor that
// it names.

namespace callstate::transports {
namespace {

constexpr std::uint64_t wait_max_s = 55;
constexpr std::uint64_t events_max = 1000;
constexpr std::size_t events_per_page = 64;  // of a stream
// Of texts: the one that reaches it is the last of the page.
constexpr std::size_t page_bytes = 256UL * 1024;

HttpResponse unreadable() {
  return problem(500, "INTERNAL", "the log cannot be read");
}

std::string expired_cursor(const call::RoomName& room) {
  return encode(
      engine::Refusal{{call::ErrorCode::cursor_expired,
                       "the log no longer holds what came after since: the present state follows"},
                      {},
                      room,
                      {},
                      {}});
}

HttpResponse of_close(const engine::Close& close) {
  switch (close.code) {
    case 1008:
      return problem(401, "UNAUTHENTICATED", "this token has been revoked");
    case 4429:
      return problem(429, "RATE_LIMITED", close.reason);
    case 1001:
      return HttpApi::going_away();
    default:
      return problem(503, "OVERLOADED", "the server is overloaded: try again a little later");
  }
}

}  // namespace

/// A wait that is woken by mail, by its time, or by being cut.
struct HttpApi::Wake {
  explicit Wake(IoThread& thread) : timer(thread.context()) {}
  asio::steady_timer timer;
  bool woken = false;

  void wake() {
    woken = true;
    timer.cancel();
  }
};

HttpResponse HttpApi::going_away() {
  return problem(503, "OVERLOADED", "the server is going away: come back with the cursor");
}

HttpApi::HttpApi(ServerContext& server, IoThread& thread) : server_(server), thread_(thread) {}
HttpApi::~HttpApi() = default;

void HttpApi::go_away() {
  going_away_ = true;
  if (waits_) waits_->wake();
}

engine::MailQuery HttpApi::Wanted::query() const {
  engine::MailQuery query{.tenant = call::TenantId::clipped(tenant),
                          .user = call::UserId::clipped(user),
                          .device = call::DeviceId::clipped(device)};
  if (!room.empty()) query.only = room_name();
  if (whole_room) query.room = room_name();
  return query;
}

HttpApi::Or<std::unique_ptr<HttpApi::Wanted>> HttpApi::read_wanted(const HttpRequest& request,
                                                                   bool polls) const {
  const auto refuse = [](std::string_view sentence) {
    return std::unexpected(problem(400, "INVALID_MESSAGE", sentence));
  };
  auto made = std::make_unique<Wanted>();
  Wanted& wanted = *made;
  auto since = request.parameter("since");
  // A browser that reconnects by itself says where it was in a header.
  if (const auto last = request.field("last-event-id"); !polls && !last.empty()) since = last;
  if (request.has_parameter("since") || !since.empty()) {
    wanted.since = parse_number(since);
    if (!wanted.since) return refuse("since must be a cursor: a whole number, not negative");
    if (*wanted.since > server_.ports.mailbox.head())
      return refuse("since lies beyond the log's end: it is no cursor of this log");
  }
  if (request.has_parameter("wait")) {
    const auto wait = parse_number(request.parameter("wait"), wait_max_s);
    if (!wait) return refuse("wait must be a number of seconds, from 0 to 55");
    wanted.wait = std::chrono::seconds(*wait);
  }
  wanted.events_max = polls ? events_max : events_per_page;
  if (request.has_parameter("limit")) {
    const auto limit = parse_number(request.parameter("limit"), events_max);
    if (!limit || *limit == 0) return refuse("limit must be a number from 1 to 1000");
    wanted.events_max = static_cast<std::size_t>(*limit);
  }
  const auto& who = *request.identity;
  wanted.tenant = who.tenant.view();
  wanted.user = who.user.view();
  wanted.device = device_of(request).view();
  wanted.role = who.role;
  wanted.issued_at = who.issued_at;
  if (request.has_parameter("room")) {
    wanted.room = request.parameter("room");
    if (!call::parse_room_name(wanted.room))
      return refuse("room must be a room's name: [A-Za-z0-9._:~-]{1,128}");
    // A customer hears its own calls, whatever the room.
    wanted.whole_room = who.role != call::Role::portal_customer;
  }
  return made;
}

Task<HttpApi::Or<HttpApi::Page>> HttpApi::present(const HttpRequest& request,
                                                  const Wanted& wanted) {
  Answers answers(thread_, request.identity->tenant, request.identity->user);
  engine::Ask::What what = engine::Ask::LiveCalls{};
  if (!wanted.room.empty()) what = engine::Ask::OneRoom{wanted.room_name()};
  Page page;
  auto refused = co_await ask(request, answers, std::move(what));
  if (refused) {
    const auto* refusal = answers.refusal();
    // A room without a call yet can be waited for.
    const bool empty = refusal != nullptr && refusal->error.code == call::ErrorCode::room_not_found;
    if (!empty) co_return std::unexpected(std::move(*refused));
    page.cursor = server_.ports.mailbox.head();
    co_return page;
  }
  page.cursor = std::get<engine::AsOf>(answers.messages().back()).position;
  answers.messages().pop_back();
  for (const auto& message : answers.messages())
    page.messages.push_back({encode(message, viewer(request)), std::nullopt});
  co_return page;
}

Task<std::vector<call::CallId>> HttpApi::calls_of(const Wanted& wanted) {
  const auto query = wanted.query();
  Answers answers(thread_, query.tenant, query.user);
  auto by =
      std::make_shared<const engine::Requester>(engine::Requester{.reply_to = answers.id(),
                                                                  .sender = {.tenant = query.tenant,
                                                                             .user = query.user,
                                                                             .role = wanted.role,
                                                                             .device = query.device,
                                                                             .name = {}},
                                                                  .issued_at = wanted.issued_at});
  (void)co_await ask(std::move(by), answers, engine::Ask::LiveCalls{});
  std::vector<call::CallId> calls;
  for (const auto& message : answers.messages()) {
    const auto* state = std::get_if<engine::RoomState>(&message);
    if (state != nullptr && takes_part(state->room, wanted.user)) calls.push_back(state->room.call);
  }
  co_return calls;
}

void HttpApi::Page::add(const engine::ServerMessage& message, std::string text) {
  bytes += text.size();
  std::optional<call::Position> at;
  if (const auto* event = std::get_if<engine::Event>(&message)) at = event->record.position;
  if (const auto* told = std::get_if<engine::AnsweredElsewhere>(&message)) {
    at = told->position;
    messages.back().cursor.reset();  // of the same position
  }
  messages.push_back({std::move(text), at});
}

Task<HttpApi::Or<HttpApi::Page>> HttpApi::read(const Wanted& wanted, call::Position after) {
  const auto upto = server_.ports.mailbox.head();
  std::expected<call::Position, engine::Failure> cursor;
  Page page;
  // What was missed may invite to calls that are over, or that the user has left:
  // those are no longer a reason for a token.
  std::vector<std::pair<std::size_t, engine::ServerMessage>> invitations;
  const auto take = [&](const engine::ServerMessage& message) {
    if (server_.ports.media != nullptr && is_invitation(message))
      invitations.emplace_back(page.messages.size(), message);
    Outgoing outgoing(message);
    page.add(message, *outgoing.text(wanted.user));
    return page.bytes < page_bytes;
  };
  auto job = [&] {
    cursor = engine::read_mail(server_.ports.mailbox, server_.ports.log, wanted.query(), after,
                               upto, wanted.events_max, take);
  };
  co_await on_reader(job);
  if (!cursor) {
    server_.ports.logger(Logger::Level::error,
                         "a client cannot be sent what it missed: " + cursor.error().message);
    co_return std::unexpected(unreadable());
  }
  if (!invitations.empty()) {
    const auto calls = co_await calls_of(wanted);
    for (const auto& [at, message] : invitations) {
      const auto& call = std::get<engine::Event>(message).record.call;
      if (std::ranges::find(calls, call) == calls.end()) continue;
      Outgoing outgoing(message, server_.ports.media);
      page.messages[at].text = *outgoing.text(wanted.user);
    }
  }
  page.cursor = *cursor;
  co_return page;
}

std::optional<HttpResponse> HttpApi::take_place(const Identity& who) {
  place_.reset();
  if (auto place = server_.polls.take(key_of(who))) {
    place_.emplace(std::move(*place));
    return std::nullopt;
  }
  ++server_.metrics.too_many_polls;
  return problem(429, "RATE_LIMITED",
                 "too many polls and streams of this user at once: each counts until its answer "
                 "has been taken");
}

Task<void> HttpApi::wait_for_mail(const Wanted& wanted, call::Position after, SteadyTime until) {
  const Watch watch = [&](std::function<void()> wake) {
    auto& mailbox = server_.ports.mailbox;
    return mailbox.watch(engine::addresses_of(mailbox, wanted.query()), after, std::move(wake));
  };
  co_await wait_for(watch, until);
}

Task<void> HttpApi::wait_for(const Watch& watch_it, SteadyTime until) {
  if (going_away_) co_return;
  auto wake = std::make_shared<Wake>(thread_);
  waits_ = wake;
  auto& context = thread_.context();
  const auto watch = watch_it([wake, &context] { asio::post(context, [wake] { wake->wake(); }); });
  if (watch && !wake->woken) {
    wake->timer.expires_at(until);
    boost::system::error_code cancelled;
    co_await wake->timer.async_wait(asio::redirect_error(use_task, cancelled));
  }
  waits_.reset();
}

Task<HttpResponse> HttpApi::poll(std::unique_ptr<HttpRequest> request) {
  auto read_it = read_wanted(*request, true);
  if (!read_it) co_return std::move(read_it.error());
  const auto wanted = std::move(*read_it);
  if (auto full = take_place(*request->identity)) co_return std::move(*full);
  Attendance attendance(server_, thread_,
                        Pollers::client_of(*request->identity, device_of(*request)),
                        [this] { go_on(); });
  const auto refused = co_await attendance.enter(*request->identity, device_of(*request));
  if (refused.code != 0) co_return of_close(refused);

  std::string body = R"({"messages":[)";
  bool expired = false;
  if (wanted->since && *wanted->since + 1 < server_.ports.log.first()) {
    expired = true;
    body += expired_cursor(wanted->room_name());
  }
  Or<Page> page;
  if (!wanted->since || expired) {
    page = co_await present(*request, *wanted);
  } else {
    // As a stream ends with its token, so does the wait: the next poll brings another.
    const auto left = request->identity->expires_at - utc_now();
    const auto until = SteadyClock::now() + std::min<call::Duration>(wanted->wait, left);
    request.reset();
    page = co_await read(*wanted, *wanted->since);
    while (page && page->messages.empty() && SteadyClock::now() < until && !going_away_ &&
           !attendance.cut()) {
      co_await wait_for_mail(*wanted, page->cursor, until);
      page = co_await read(*wanted, page->cursor);
    }
  }
  // A server that goes away answers with the cursor: the next poll is another's.
  const bool cut = attendance.cut() && attendance.cut()->code != close_code::going_away;
  if (cut) co_return of_close(*attendance.cut());
  if (!page) co_return std::move(page.error());
  body.reserve(body.size() + page->bytes + page->messages.size() + 64);
  for (const auto& message : page->messages) {
    if (body.back() != '[') body.push_back(',');
    body += message.text;
  }
  body.append(R"(],"cursor":)").append(std::to_string(page->cursor)).append("}");
  HttpResponse response;
  response.body = std::move(body);
  response.fields.emplace_back("Cache-Control", "no-store");
  co_return response;
}

void HttpApi::go_on() {
  if (waits_) waits_->wake();
}

Task<std::optional<HttpResponse>> HttpApi::stream_mail(std::unique_ptr<HttpRequest> owned,
                                                       const Write& write) {
  const HttpRequest& request = *owned;
  auto read_it = read_wanted(request, false);
  if (!read_it) co_return std::move(read_it.error());
  const auto wanted = std::move(*read_it);
  if (auto full = take_place(*request.identity)) co_return std::move(*full);
  Attendance attendance(server_, thread_, Pollers::client_of(*request.identity, device_of(request)),
                        [this] { go_on(); });
  const auto refused = co_await attendance.enter(*request.identity, device_of(request));
  if (refused.code != 0) co_return of_close(refused);
  std::string out = event_stream_head(server_.settings.cors_origins, request);
  std::optional<call::Position> after = wanted->since;
  const auto add = [&out](Page& page) {
    // Once it is in `out`: a client may take its time.
    for (const auto& message : std::exchange(page.messages, {})) {
      if (message.cursor) out.append("id: ").append(std::to_string(*message.cursor)).append("\n");
      out.append("data: ").append(message.text).append("\n\n");
    }
    // An id alone is not an event, and still where a reconnect begins.
    out.append("id: ").append(std::to_string(page.cursor)).append("\n\n");
  };
  if (after && *after + 1 < server_.ports.log.first()) {
    out.append("data: ").append(expired_cursor(wanted->room_name())).append("\n\n");
    after.reset();
  }
  if (!after) {
    auto now = co_await present(request, *wanted);
    if (!now) co_return std::move(now.error());
    after = now->cursor;
    add(*now);
  }
  if (request.method == "HEAD") {
    co_return event_stream_answer();
  }
  const auto& settings = server_.settings.websocket;
  const auto expires = request.identity->expires_at;
  while (!going_away_ && !attendance.cut() && utc_now() < expires) {
    auto page = co_await read(*wanted, *after);
    if (!page) break;
    const bool some = !page->messages.empty();
    if (some) add(*page);
    after = page->cursor;
    if (!out.empty()) {
      const std::string text = std::exchange(out, {});
      const bool written = co_await write(text);
      if (!written) co_return std::nullopt;
    }
    // What cut it meanwhile found nothing to wake.
    if (some || attendance.cut()) continue;
    const auto ping = SteadyClock::now() + settings.ping_interval;
    // In that unit: in nanoseconds an expiry of another century is beyond its type.
    const auto wait = std::min<call::Duration>(settings.ping_interval, expires - utc_now());
    co_await wait_for_mail(*wanted, *after, SteadyClock::now() + wait);
    if (SteadyClock::now() >= ping)
      out.append(":\nid: ").append(std::to_string(*after)).append("\n\n");
  }
  co_return std::nullopt;
}

}  // namespace callstate::transports
