#include "transports/http_api.hpp"

#include "transports/answers.hpp"
#include "transports/http_reading.hpp"
#include "transports/utc_now.hpp"

// Which path is whose, and what all of them need.

namespace callstate::transports {
namespace {

enum class Kind : std::uint8_t {
  none,
  messages,
  stream,
  voip,
  room_state,
  presence,
  revoke,
  calls,
  call,
  call_events,
  log,
  log_stream,
};

Kind kind_of(const std::vector<std::string>& path) {
  const auto is = [&](std::size_t i, std::string_view name) {
    return i < path.size() && path[i] == name;
  };
  if (is(0, "voip") && (path.size() == 3 || (path.size() == 2 && is(1, "start"))))
    return Kind::voip;
  if (!is(0, "v1")) return Kind::none;
  if (path.size() == 2 && is(1, "messages")) return Kind::messages;
  if (path.size() == 2 && is(1, "stream")) return Kind::stream;
  if (path.size() == 4 && is(1, "rooms") && is(3, "state")) return Kind::room_state;
  if (path.size() == 4 && is(1, "users") && is(3, "presence")) return Kind::presence;
  if (path.size() == 4 && is(1, "users") && is(3, "revoke")) return Kind::revoke;
  if (path.size() == 2 && is(1, "calls")) return Kind::calls;
  if (path.size() == 3 && is(1, "calls")) return Kind::call;
  if (path.size() == 4 && is(1, "calls") && is(3, "events")) return Kind::call_events;
  if (path.size() == 2 && is(1, "log")) return Kind::log;
  if (path.size() == 3 && is(1, "log") && is(2, "stream")) return Kind::log_stream;
  return Kind::none;
}

/// Whether the path is read, and nothing else.
bool takes_get_alone(Kind kind) {
  switch (kind) {
    case Kind::stream:
    case Kind::room_state:
    case Kind::presence:
    case Kind::calls:
    case Kind::call:
    case Kind::call_events:
    case Kind::log:
    case Kind::log_stream:
      return true;
    case Kind::none:
    case Kind::messages:
    case Kind::voip:
    case Kind::revoke:
      return false;
  }
  return false;
}

bool takes_event_stream(const HttpRequest& request) {
  return request.field("accept").find("text/event-stream") != std::string_view::npos;
}

bool reads(const HttpRequest& request) {
  return request.method == "GET" || request.method == "HEAD";
}

}  // namespace

bool HttpApi::knows(const HttpRequest& request) {
  return kind_of(request.segments) != Kind::none;
}

bool HttpApi::streams(const HttpRequest& request) {
  const Kind kind = kind_of(request.segments);
  const bool endless = kind == Kind::stream || kind == Kind::log_stream ||
                       (kind == Kind::log && takes_event_stream(request));
  return endless && reads(request) && request.identity.has_value();
}

Task<std::optional<HttpResponse>> HttpApi::stream(std::unique_ptr<HttpRequest> owned,
                                                  const Write& write) {
  if (auto hasty = refuse_hasty(*owned->identity)) co_return std::move(*hasty);
  if (kind_of(owned->segments) == Kind::stream)
    co_return co_await stream_mail(std::move(owned), write);
  co_return co_await stream_log(std::move(owned), write);
}

std::optional<HttpResponse> HttpApi::refuse_hasty(const Identity& who) {
  const auto taken = server_.reads.take(key_of(who), SteadyClock::now());
  if (taken) return std::nullopt;
  thread_.metrics().too_many_reads.add();
  return too_often("too many requests of this user", taken.error());
}

// A stream comes here where it is refused by its method or for want of a token.
Task<HttpResponse> HttpApi::answer(std::unique_ptr<HttpRequest> owned) {
  const HttpRequest& request = *owned;
  const auto& path = request.segments;
  const Kind kind = kind_of(path);
  const bool takes_post = kind == Kind::voip || kind == Kind::revoke;
  if (takes_get_alone(kind) && !reads(request)) co_return wrong_method("GET, HEAD");
  if (takes_post && request.method != "POST") co_return wrong_method("POST");
  if (kind == Kind::messages && !reads(request) && request.method != "POST")
    co_return wrong_method("GET, HEAD, POST");
  if (!request.identity) co_return unauthenticated(request);
  if (reads(request)) {
    if (auto hasty = refuse_hasty(*request.identity)) co_return std::move(*hasty);
  }
  if (kind == Kind::voip) {
    if (auto hasty = refuse_hasty_step(request)) co_return std::move(*hasty);
  }
  // No switch: g++ 12 loses `this` in one whose branches await.
  if (kind == Kind::messages && request.method == "POST") co_return co_await post_messages(request);
  if (kind == Kind::messages) co_return co_await poll(std::move(owned));
  if (kind == Kind::voip && path.size() == 2) co_return co_await start_call(request);
  if (kind == Kind::voip) co_return co_await act_in_call(request, path[1], path[2]);
  if (kind == Kind::room_state) co_return co_await room_state(request, path[2]);
  if (kind == Kind::presence) co_return co_await presence(request, path[2]);
  if (kind == Kind::calls) co_return co_await list_calls(request);
  if (kind == Kind::call) co_return co_await show_call(request, path[2]);
  if (kind == Kind::call_events) co_return co_await call_events(request, path[2]);
  if (kind == Kind::log) co_return co_await log_page(request);
  co_return co_await revoke(request, path[2]);
}

std::shared_ptr<const engine::Requester> HttpApi::requester(const HttpRequest& request,
                                                            engine::SessionId id) const {
  const auto& who = *request.identity;
  return std::make_shared<const engine::Requester>(
      engine::Requester{.reply_to = id,
                        .sender = {.tenant = who.tenant,
                                   .user = who.user,
                                   .role = who.role,
                                   .device = device_of(request),
                                   .name = who.name},
                        .issued_at = who.issued_at});
}

Viewer HttpApi::viewer(const HttpRequest& request) const {
  return {.user = request.identity->user.view(), .media = server_.ports.media, .now = utc_now()};
}

HttpResponse HttpApi::overloaded() {
  return problem(503, "OVERLOADED", "the server is overloaded: send it again a little later");
}

Task<std::optional<HttpResponse>> HttpApi::ask(const HttpRequest& request, Answers& answers,
                                               engine::Ask::What what) {
  co_return co_await ask(requester(request, answers.id()), answers, std::move(what));
}

Task<std::optional<HttpResponse>> HttpApi::ask(std::shared_ptr<const engine::Requester> by,
                                               Answers& answers, engine::Ask::What what) {
  const bool taken = server_.ports.inbox.submit(engine::Ask{std::move(by), std::move(what)});
  if (!taken) co_return overloaded();
  const bool came = co_await answers.wait_for_end();
  if (!came) co_return overloaded();
  if (const auto* refusal = answers.refusal()) co_return problem(*refusal);
  co_return std::nullopt;
}

Task<std::optional<HttpResponse>> HttpApi::refuse_revoked(const HttpRequest& request) {
  Answers answers(thread_, request.identity->tenant, request.identity->user);
  engine::Ask::What what;
  co_return co_await ask(request, answers, std::move(what));
}

Task<HttpApi::Or<engine::Ack>> HttpApi::send(const HttpRequest& request, call::Message message) {
  Answers answers(thread_, request.identity->tenant, request.identity->user);
  const bool taken =
      server_.ports.inbox.submit(engine::Request{requester(request, answers.id()), message});
  if (!taken) co_return std::unexpected(overloaded());
  const bool came = co_await answers.wait_for(1);
  if (!came) co_return std::unexpected(overloaded());
  if (const auto* refusal = answers.refusal()) co_return std::unexpected(problem(*refusal));
  if (const auto* ack = answers.find<engine::Ack>()) co_return *ack;
  co_return std::unexpected(problem(500, "INTERNAL", {}));
}

}  // namespace callstate::transports
