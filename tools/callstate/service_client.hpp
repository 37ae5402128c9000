#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "tools/callstate/net.hpp"
#include "tools/callstate/report/trouble.hpp"

namespace CLI {
class App;
}

namespace callstate::tools {

/// A running server that a tool asks as the role SERVICE.
struct ServiceOptions {
  std::string server = "http://127.0.0.1:7480";
  std::string ca_file{};
  std::string token{};   // empty: the development secret's
  std::string tenant{};  // of that one; empty: any will do
};

void add_service_options(CLI::App& app, ServiceOptions& options);

class ServiceClient {
 public:
  static std::expected<ServiceClient, Trouble> at(const ServiceOptions& options);

  /// Any answer but 401 and 403, which are trouble; so is none. `body` is JSON, or
  /// empty.
  [[nodiscard]] std::expected<HttpAnswer, Trouble> ask(std::string_view method,
                                                       std::string_view target,
                                                       std::string_view body = {}) const;
  /// The trouble with an answer that was not expected.
  [[nodiscard]] Trouble unexpected(const HttpAnswer& answer) const;
  /// That of a 200 which cannot be read.
  [[nodiscard]] Trouble unreadable() const;

  [[nodiscard]] std::string text() const { return url_.text(); }

 private:
  ServiceClient(ServerUrl url, std::string token)
      : url_(std::move(url)), token_(std::move(token)) {}

  ServerUrl url_;
  std::string token_;
};

/// What a problem's answer says in words; empty when it says nothing.
std::string detail_of(std::string_view problem);

}  // namespace callstate::tools
