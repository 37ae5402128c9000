#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/engine/effect.hpp"
#include "transports/authenticate.hpp"
#include "transports/http.hpp"

// Private to transports: reading requests and writing refusals, for HttpApi. Pure.

namespace callstate::transports {

/// Whether the role sees all of its tenant's calls, and all that was tried in them.
bool sees_all(const Identity& who);

/// A time in a query, where a `+` that was not percent-encoded is a space.
std::optional<call::Time> parse_query_time(std::string_view text);

/// A user's id in a path or a query, and what it has to be.
std::optional<call::UserId> parse_user_id(std::string_view text);
constexpr std::string_view user_id_form = "of 1 to 255 bytes, without control characters";

/// The device that a request says it is of; `http` for none.
call::DeviceId device_of(const HttpRequest& request);

/// The status that goes with a code of the protocol.
int status_of(call::ErrorCode code);

/// The engine's refusal as an RFC 9457 answer, with what it says besides.
HttpResponse problem(const engine::Refusal& refusal);

/// The answer to what comes too often, with the time after which it may come again.
HttpResponse too_often(std::string_view sentence, std::chrono::milliseconds retry_after);

/// What a refused token is answered; nothing for a bad one, since not all paths need any.
std::optional<HttpResponse> answer_to(const AuthRefusal& refusal);

using HttpFields = std::vector<std::pair<std::string, std::string>>;

/// What lets a page of another origin read the answer: for the origins that are
/// configured, `*` for all.
HttpFields cors_fields(const std::vector<std::string>& origins, const HttpRequest& request);
/// The answer to what a browser asks before it sends such a page's request;
/// nothing for any other request.
std::optional<HttpResponse> preflight(const std::vector<std::string>& origins,
                                      const HttpRequest& request);

/// The head of server-sent events, which end with the connection. No proxy is to hold
/// back what it is for.
std::string event_stream_head(const std::vector<std::string>& origins, const HttpRequest& request);
/// The answer to who asks for that head alone.
HttpResponse event_stream_answer();

/// Whether the body is said to be JSON, or nothing is said; the answer if not.
std::optional<HttpResponse> refuse_unless_json(const HttpRequest& request);

/// 405, with what the path takes.
HttpResponse wrong_method(std::string_view takes);

}  // namespace callstate::transports
