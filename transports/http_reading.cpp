#include "transports/http_reading.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "transports/json_writer.hpp"

namespace callstate::transports {
namespace {

constexpr std::string_view device_of_none = "http";

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// Takes so many digits off the front.
std::optional<int> take_digits(std::string_view& text, std::size_t count) {
  if (text.size() < count) return std::nullopt;
  const auto number = parse_number(text.substr(0, count));
  text.remove_prefix(count);
  return number ? std::optional(static_cast<int>(*number)) : std::nullopt;
}

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<call::Duration> take_fraction(std::string_view& text) {
  if (!take(text, '.')) return call::Duration(0);
  std::int64_t micros = 0;
  std::size_t digits = 0;
  for (; !text.empty() && text.front() >= '0' && text.front() <= '9'; ++digits) {
    if (digits < 6) micros = micros * 10 + (text.front() - '0');
    text.remove_prefix(1);
  }
  for (auto missing = digits; missing < 6; ++missing) micros *= 10;
  return digits == 0 ? std::nullopt : std::optional(call::Duration(micros));
}

/// What to take off the time, for UTC.
std::optional<std::chrono::minutes> take_zone(std::string_view& text) {
  if (take(text, 'Z') || take(text, 'z')) return std::chrono::minutes(0);
  const bool east = !text.empty() && text.front() == '+';
  if (!take(text, '+') && !take(text, '-')) return std::nullopt;
  const auto hours = take_digits(text, 2);
  if (!hours || !take(text, ':')) return std::nullopt;
  const auto minutes = take_digits(text, 2);
  if (!minutes || *hours > 23 || *minutes > 59) return std::nullopt;
  const std::chrono::minutes offset(*hours * 60 + *minutes);
  return east ? offset : -offset;
}

}  // namespace

std::optional<std::uint64_t> parse_number(std::string_view text, std::uint64_t max) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [read, error] = std::from_chars(text.data(), end, number);
  if (text.empty() || error != std::errc() || read != end || number > max) return std::nullopt;
  return number;
}

std::optional<call::Time> parse_time(std::string_view text) {
  const auto year = take_digits(text, 4);
  if (!year || !take(text, '-')) return std::nullopt;
  const auto month = take_digits(text, 2);
  if (!month || !take(text, '-')) return std::nullopt;
  const auto day = take_digits(text, 2);
  // A `+` that was not percent-encoded is a space.
  if (!day || !(take(text, 'T') || take(text, 't') || take(text, ' '))) return std::nullopt;
  const auto hour = take_digits(text, 2);
  if (!hour || !take(text, ':')) return std::nullopt;
  const auto minute = take_digits(text, 2);
  if (!minute || !take(text, ':')) return std::nullopt;
  const auto second = take_digits(text, 2);
  if (!second || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  const auto fraction = take_fraction(text);
  std::string zone(text);
  std::ranges::replace(zone, ' ', '+');
  std::string_view rest = zone;
  const auto offset = take_zone(rest);
  if (!fraction || !offset || !rest.empty()) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return call::Time(std::chrono::sys_days(date)) + std::chrono::hours(*hour) +
         std::chrono::minutes(*minute) + std::chrono::seconds(*second) + *fraction - *offset;
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
