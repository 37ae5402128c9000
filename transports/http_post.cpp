#include <utility>

#include "transports/answers.hpp"
#include "transports/http_api.hpp"
#include "transports/http_reading.hpp"
#include "transports/overload.hpp"

// Messages by HTTP. What becomes of them is counted as that of a session's.

namespace callstate::transports {
namespace {

using engine::MessageOutcome;
using engine::MessageType;

constexpr std::size_t messages_max = 64;

MessageType type_of(const ClientMessage& message) {
  return std::visit(Overload{[](const call::Message& what) { return engine::type_of(what.body); },
                             [](const JoinRequest&) { return MessageType::join; },
                             [](const LeaveRequest&) { return MessageType::leave; },
                             [](const AuthRequest&) { return MessageType::auth; },
                             [](const Ping&) { return MessageType::ping; }},
                    message);
}

/// Says which message was refused, as far as it says so itself.
engine::Refusal about(const std::expected<ClientMessage, DecodeFailure>& message) {
  engine::Refusal refusal;
  if (!message) {
    refusal.error = message.error().error;
    refusal.id = message.error().id;
    refusal.room = message.error().room;
    return refusal;
  }
  std::visit(
      [&](const auto& what) {
        refusal.id = what.id;
        if constexpr (requires { what.room; }) refusal.room = what.room;
      },
      *message);
  return refusal;
}

/// What of a message is for a connection only.
std::string_view why_not_by_http(const ClientMessage& message) {
  if (std::holds_alternative<JoinRequest>(message) || std::holds_alternative<LeaveRequest>(message))
    return "JOIN and LEAVE are for sessions: here a room is heard by ?room= of a poll";
  if (std::holds_alternative<AuthRequest>(message))
    return "AUTH is for sessions: here each request brings its own token";
  return {};
}

}  // namespace

// What the engine need not be asked for.
std::optional<engine::Refusal> HttpApi::refuse_at_once(
    const std::expected<ClientMessage, DecodeFailure>& message, std::string_view user) {
  auto& metrics = thread_.metrics();
  const auto type = message ? type_of(*message) : MessageType::unknown;
  auto refusal = about(message);
  if (const auto taken = server_.posted.take(user, SteadyClock::now()); !taken) {
    metrics.too_many_messages.add();
    metrics.messages.add(type, MessageOutcome::rate_limited);
    refusal.error = {call::ErrorCode::rate_limited, "too many messages of this user"};
    refusal.retry_after_ms = static_cast<std::uint32_t>(taken.error().count());
    return refusal;
  }
  if (!message) {
    metrics.messages.add(type, MessageOutcome::invalid);
    return refusal;
  }
  if (const auto why = why_not_by_http(*message); !why.empty()) {
    metrics.messages.add(type, MessageOutcome::refused);
    refusal.error = {call::ErrorCode::invalid_message, std::string(why)};
    return refusal;
  }
  return std::nullopt;
}

Task<HttpResponse> HttpApi::post_messages(const HttpRequest& request) {
  if (auto refusal = refuse_unless_json(request)) co_return std::move(*refusal);
  JsonDocument document({.depth_max = json_depth_max + 1});
  const auto key = key_of(*request.identity);
  const auto no_message = [&](std::string sentence) {
    const DecodeFailure failure{{call::ErrorCode::invalid_message, std::move(sentence)}, {}, {}};
    return problem(*refuse_at_once(std::unexpected(failure), key));
  };
  if (auto parsed = document.parse(request.body); !parsed)
    co_return no_message("the body: " + parsed.error());
  const JsonValue& root = *document.root();
  const bool several = root.kind == JsonKind::array;
  if (!several && root.kind != JsonKind::object)
    co_return no_message("the body must be a message, or an array of messages");
  std::vector<const JsonValue*> values;
  if (several) {
    if (root.size() == 0 || root.size() > messages_max)
      co_return no_message("an array must hold 1 to 64 messages");
    for (const auto& each : root) values.push_back(&each);
  } else {
    values.push_back(&root);
  }

  // In order: each has its place, and those that the engine answers fill theirs.
  std::vector<std::string> results(values.size());
  std::vector<std::size_t> awaited;
  Answers answers(thread_, request.identity->tenant, request.identity->user);
  const auto by = requester(request, answers.id());
  for (std::size_t i = 0; i < values.size(); ++i) {
    auto message = decode(*values[i], call::RoomName());
    if (const auto refusal = refuse_at_once(message, key)) {
      if (!several) co_return problem(*refusal);
      results[i] = encode(*refusal);
      continue;
    }
    if (const auto* ping = std::get_if<Ping>(&*message)) {
      thread_.metrics().messages.add(MessageType::ping, MessageOutcome::applied);
      results[i] = pong(ping->id);
      continue;
    }
    auto& what = std::get<call::Message>(*message);
    const engine::Refusal overload{
        {call::ErrorCode::overloaded, "the server is overloaded: send it again a little later"},
        what.id,
        what.room,
        {},
        {}};
    if (server_.ports.inbox.submit(engine::Request{by, std::move(what)})) {
      awaited.push_back(i);
    } else if (!several) {
      co_return problem(overload);
    } else {
      results[i] = encode(overload);
    }
  }
  if (!awaited.empty()) {
    const bool came = co_await answers.wait_for(awaited.size());
    if (!came) co_return overloaded();
  }
  for (std::size_t i = 0; i < awaited.size(); ++i) {
    if (const auto* refusal = std::get_if<engine::Refusal>(&answers.messages()[i]);
        refusal != nullptr && refusal->error.code == call::ErrorCode::unauthenticated)
      co_return problem(*refusal);
    results[awaited[i]] = encode(answers.messages()[i], viewer(request));
  }
  HttpResponse response;
  response.body = R"({"results":[)";
  for (std::size_t i = 0; i < results.size(); ++i)
    response.body.append(i == 0 ? "" : ",").append(results[i]);
  response.body += "]}";
  co_return response;
}

}  // namespace callstate::transports
