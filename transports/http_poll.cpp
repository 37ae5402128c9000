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

HttpResponse unreadable() {
  return problem(500, "INTERNAL", "the log cannot be read");
}

/// Ends with the connection. No proxy is to hold back what it is for.
std::string event_stream_head(const ServerSettings& settings, const HttpRequest& request) {
  std::string head =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
      "X-Accel-Buffering: no\r\nConnection: close\r\n";
  for (const auto& [name, value] : cors_fields(settings.cors_origins, request))
    head.append(name).append(": ").append(value).append("\r\n");
  return head.append("\r\nretry: 1000\n\n");
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
      return problem(503, "OVERLOADED", "the server is going away: come back with the cursor");
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

Task<HttpApi::Or<HttpApi::Page>> HttpApi::read(const Wanted& wanted, call::Position after) {
  const auto upto = server_.ports.mailbox.head();
  std::optional<std::expected<engine::Mail, engine::Failure>> mail;
  std::vector<std::string> texts;
  // What was missed may invite to calls that are over, or that the user has left:
  // those are no longer a reason for a token.
  std::vector<call::CallId> calls;
  const auto encode_all = [&] {
    for (const auto& message : (*mail)->messages) {
      const auto* event = std::get_if<engine::Event>(&message);
      const bool live =
          event != nullptr && std::ranges::find(calls, event->record.call) != calls.end();
      Outgoing outgoing(message, live ? server_.ports.media : nullptr);
      texts.push_back(*outgoing.text(wanted.user));
    }
  };
  bool invites = false;
  auto job = [&] {
    mail = engine::read_mail(server_.ports.mailbox, server_.ports.log, wanted.query(), after, upto,
                             wanted.events_max);
    if (!*mail) return;
    invites =
        server_.ports.media != nullptr && std::ranges::any_of((*mail)->messages, is_invitation);
    if (!invites) encode_all();
  };
  co_await on_reader(job);
  if (!*mail) {
    server_.ports.logger(Logger::Level::error,
                         "a client cannot be sent what it missed: " + mail->error().message);
    co_return std::unexpected(unreadable());
  }
  if (invites) {
    calls = co_await calls_of(wanted);
    co_await on_reader(encode_all);
  }
  Page page;
  page.cursor = (*mail)->cursor;
  const auto& messages = (*mail)->messages;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const auto* event = std::get_if<engine::Event>(&messages[i]);
    const bool more_of_it =
        i + 1 < messages.size() && !std::holds_alternative<engine::Event>(messages[i + 1]);
    std::optional<call::Position> cursor;
    if (event != nullptr && !more_of_it) cursor = event->record.position;
    if (const auto* told = std::get_if<engine::AnsweredElsewhere>(&messages[i]))
      cursor = told->position;
    page.messages.push_back({std::move(texts[i]), cursor});
  }
  co_return page;
}

std::shared_ptr<engine::Mailbox::Watch> HttpApi::watch_for(const Wanted& wanted,
                                                           call::Position after,
                                                           const std::shared_ptr<Wake>& wake) {
  auto& mailbox = server_.ports.mailbox;
  auto& context = thread_.context();
  return mailbox.watch(engine::addresses_of(mailbox, wanted.query()), after,
                       [wake, &context] { asio::post(context, [wake] { wake->wake(); }); });
}

Task<void> HttpApi::wait_for_mail(const Wanted& wanted, call::Position after, SteadyTime until) {
  if (going_away_) co_return;
  auto wake = std::make_shared<Wake>(thread_);
  waits_ = wake;
  const auto watch = watch_for(wanted, after, wake);
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
  Attendance attendance(server_, thread_,
                        Pollers::client_of(*request->identity, device_of(*request)),
                        [this] { go_on(); });
  const auto refused = co_await attendance.enter(*request->identity, device_of(*request));
  if (refused.code != 0) co_return of_close(refused);

  std::string body = R"({"messages":[)";
  const auto add = [&body](const Page& page) {
    for (const auto& message : page.messages) {
      if (body.back() != '[') body.push_back(',');
      body += message.text;
    }
  };
  bool expired = false;
  if (wanted->since && *wanted->since + 1 < server_.ports.log.first()) {
    expired = true;
    body += expired_cursor(wanted->room_name());
  }
  Or<Page> page;
  if (!wanted->since || expired) {
    page = co_await present(*request, *wanted);
  } else {
    request.reset();
    const auto until = SteadyClock::now() + wanted->wait;
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
  add(*page);
  body.append(R"(],"cursor":)").append(std::to_string(page->cursor)).append("}");
  HttpResponse response;
  response.body = std::move(body);
  response.fields.emplace_back("Cache-Control", "no-store");
  co_return response;
}

void HttpApi::go_on() {
  if (waits_) waits_->wake();
}

Task<std::optional<HttpResponse>> HttpApi::stream(std::unique_ptr<HttpRequest> owned,
                                                  const Write& write) {
  const HttpRequest& request = *owned;
  auto read_it = read_wanted(request, false);
  if (!read_it) co_return std::move(read_it.error());
  const auto wanted = std::move(*read_it);
  Attendance attendance(server_, thread_, Pollers::client_of(*request.identity, device_of(request)),
                        [this] { go_on(); });
  const auto refused = co_await attendance.enter(*request.identity, device_of(request));
  if (refused.code != 0) co_return of_close(refused);
  std::string out = event_stream_head(server_.settings, request);
  std::optional<call::Position> after = wanted->since;
  const auto add = [&out](const Page& page) {
    for (const auto& message : page.messages) {
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
    HttpResponse head;
    head.content_type = "text/event-stream";
    head.fields.emplace_back("Cache-Control", "no-store");
    co_return head;
  }
  const auto& settings = server_.settings.websocket;
  const auto expires = request.identity->expires_at;
  while (!going_away_ && !attendance.cut() && utc_now() < expires) {
    auto page = co_await read(*wanted, *after);
    if (!page) break;
    if (!page->messages.empty()) add(*page);
    after = page->cursor;
    if (!out.empty()) {
      const std::string text = std::exchange(out, {});
      const bool written = co_await write(text);
      if (!written) co_return std::nullopt;
    }
    // What cut it meanwhile found nothing to wake.
    if (!page->messages.empty() || attendance.cut()) continue;
    const auto ping = SteadyClock::now() + settings.ping_interval;
    const auto left = std::chrono::duration_cast<SteadyClock::duration>(expires - utc_now());
    co_await wait_for_mail(*wanted, *after, std::min(ping, SteadyClock::now() + left));
    if (SteadyClock::now() >= ping)
      out.append(":\nid: ").append(std::to_string(*after)).append("\n\n");
  }
  co_return std::nullopt;
}

}  // namespace callstate::transports
