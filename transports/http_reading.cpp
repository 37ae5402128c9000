#include "transports/http_reading.hpp"

#include <algorithm>

#include "transports/json_writer.hpp"
#include "transports/text_values.hpp"

namespace callstate::transports {
namespace {

constexpr std::string_view device_of_none = "http";

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

bool sees_all(const Identity& who) {
  return who.role == call::Role::auditor || who.role == call::Role::service;
}

std::optional<call::Time> parse_query_time(std::string_view text) {
  constexpr std::size_t day_bytes = 11;  // `2026-11-26T`
  std::string plain(text);
  if (const auto space = plain.rfind(' '); space != plain.npos && space >= day_bytes)
    plain[space] = '+';
  return parse_time(plain);
}

std::optional<call::UserId> parse_user_id(std::string_view text) {
  auto id = call::UserId::from(text);
  const bool clean = without_controls(text, call::UserId::bytes_max) == text;
  return id && !id->empty() && clean ? id : std::nullopt;
}

call::DeviceId device_of(const HttpRequest& request) {
  auto device = request.parameter("device");
  if (device.empty()) device = request.field("x-device-id");
  const auto clean = without_controls(device, call::DeviceId::bytes_max);
  return call::DeviceId::clipped(clean.empty() ? device_of_none : std::string_view(clean));
}

int status_of(call::ErrorCode code) {
  using enum call::ErrorCode;
  switch (code) {
    case none:
      return 200;
    case invalid_message:
    case unknown_type:
      return 400;
    case unauthenticated:
      return 401;
    case forbidden:
    case not_participant:
    case identity_mismatch:
      return 403;
    case room_not_found:
      return 404;
    case wrong_state:
    case glare:
    case answered_elsewhere:
      return 409;
    case cursor_expired:
      return 410;
    case too_large:
      return 413;
    case rate_limited:
      return 429;
    case overloaded:
    case storage_unavailable:
    case directory_unavailable:
      return 503;
    case internal:
      return 500;
  }
  return 500;
}

HttpResponse problem(const engine::Refusal& refusal) {
  auto response =
      problem(status_of(refusal.error.code), name_of(refusal.error.code), refusal.error.message);
  response.body.pop_back();  // the closing brace
  JsonWriter to(response.body);
  if (refusal.end_reason != call::EndReason::none)
    to.text("endReason", name_of(refusal.end_reason));
  if (!refusal.id.empty()) to.text("id", refusal.id.view());
  if (!refusal.room.empty()) to.text("roomName", refusal.room.view());
  if (refusal.glare_room) to.text("glareRoom", refusal.glare_room->view());
  if (refusal.retry_after_ms) {
    to.number("retryAfterMs", *refusal.retry_after_ms);
    response.fields.emplace_back("Retry-After",
                                 std::to_string((*refusal.retry_after_ms + 999) / 1000));
  }
  to.end_object();
  return response;
}

HttpResponse too_often(std::string_view sentence, std::chrono::milliseconds retry_after) {
  engine::Refusal refusal;
  refusal.error = {call::ErrorCode::rate_limited, std::string(sentence)};
  refusal.retry_after_ms = static_cast<std::uint32_t>(retry_after.count());
  return problem(refusal);
}

std::optional<HttpResponse> answer_to(const AuthRefusal& refusal) {
  engine::Refusal said;
  switch (refusal.kind) {
    case AuthRefusal::Kind::bad:
      return std::nullopt;
    case AuthRefusal::Kind::too_often:
      return too_often("too many failed authentications of this address", refusal.retry_after);
    case AuthRefusal::Kind::unavailable:
      said.error = {call::ErrorCode::directory_unavailable, std::string(directory_is_away)};
      said.retry_after_ms = static_cast<std::uint32_t>(refusal.retry_after.count());
      break;
  }
  return problem(said);
}

HttpFields cors_fields(const std::vector<std::string>& origins, const HttpRequest& request) {
  if (origins.empty()) return {};
  const auto origin = request.field("origin");
  const bool any = std::ranges::find(origins, "*") != origins.end();
  HttpFields fields;
  if (!any) fields.emplace_back("Vary", "Origin");
  if (!origin.empty() && (any || std::ranges::find(origins, origin) != origins.end())) {
    fields.emplace_back("Access-Control-Allow-Origin", any ? "*" : origin);
    fields.emplace_back("Access-Control-Expose-Headers", "Retry-After");
  }
  return fields;
}

std::optional<HttpResponse> preflight(const std::vector<std::string>& origins,
                                      const HttpRequest& request) {
  if (request.method != "OPTIONS" || request.field("access-control-request-method").empty() ||
      request.field("origin").empty()) {
    return std::nullopt;
  }
  HttpResponse response{204, {}, {}, {}};
  if (origins.empty()) return response;
  response.fields.emplace_back("Access-Control-Allow-Methods", "GET, HEAD, POST");
  response.fields.emplace_back("Access-Control-Allow-Headers",
                               "Authorization, Content-Type, Idempotency-Key, Last-Event-ID, "
                               "X-Device-Id");
  response.fields.emplace_back("Access-Control-Max-Age", "7200");
  return response;
}

std::string event_stream_head(const std::vector<std::string>& origins, const HttpRequest& request) {
  std::string head =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\n"
      "X-Accel-Buffering: no\r\nConnection: close\r\n";
  for (const auto& [name, value] : cors_fields(origins, request))
    head.append(name).append(": ").append(value).append("\r\n");
  return head.append("\r\nretry: 1000\n\n");
}

HttpResponse event_stream_answer() {
  HttpResponse head;
  head.content_type = "text/event-stream";
  head.fields.emplace_back("Cache-Control", "no-store");
  return head;
}

std::optional<HttpResponse> refuse_unless_json(const HttpRequest& request) {
  auto type = request.field("content-type");
  type = type.substr(0, type.find(';'));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.remove_suffix(1);
  const bool json = std::ranges::equal(type, std::string_view("application/json"), {}, lower);
  if (type.empty() || json) return std::nullopt;
  return problem(415, "INVALID_MESSAGE", "the body must be application/json");
}

HttpResponse wrong_method(std::string_view takes) {
  std::string sentence = "this path takes ";
  auto refusal = problem(405, "INVALID_MESSAGE", sentence.append(takes));
  refusal.fields.emplace_back("Allow", takes);
  return refusal;
}

}  // namespace callstate::transports
