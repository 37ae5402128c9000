#include "transports/http.hpp"

#include <boost/json.hpp>

#include "transports/websocket_upgrade.hpp"

namespace callstate::transports {
namespace {

std::string_view title_of(int status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 503:
      return "Service Unavailable";
    default:
      return status >= 500 ? "Internal Server Error" : "Refused";
  }
}

}  // namespace

HttpResponse problem(int status, std::string_view code, std::string_view detail) {
  boost::json::object body{
      {"type", "about:blank"}, {"title", title_of(status)}, {"status", status}};
  if (!code.empty()) body["code"] = code;
  if (!detail.empty()) body["detail"] = detail;
  HttpResponse response{status, "application/problem+json", boost::json::serialize(body), {}};
  if (status == 401) response.fields.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

HttpResponse unauthenticated(const HttpRequest& request) {
  const bool given =
      read_bearer(request.field("authorization")) || !request.parameter("token").empty();
  return problem(401, "UNAUTHENTICATED",
                 given ? "this token is not valid, or no longer: get a new one"
                       : "give a token: Authorization: Bearer …");
}

}  // namespace callstate::transports
