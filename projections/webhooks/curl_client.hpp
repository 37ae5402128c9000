#pragma once

#include <chrono>
#include <expected>
#include <memory>
#include <string>

#include "projections/webhooks/http_client.hpp"

namespace callstate::projections {

struct CurlSettings {
  std::string url;
  std::string ca_file;  // PEM, trusted besides the system's authorities; empty: none
  std::chrono::milliseconds timeout{15'000};  // for all of a request
  std::size_t connections_max = 16;
};

/// Whether requests may be sent there: an absolute https URL without user and
/// password; http only to this machine itself, or with `allow_http`. The failure
/// says why not, and what to do.
std::expected<void, std::string> check_webhook_url(const std::string& url, bool allow_http);

/// HTTP/1.1 by libcurl, over connections that are kept. Redirects are not followed,
/// proxies of the environment not used; TLS is verified with the host's name. Of an
/// answer counts the head; what comes after it is dropped, and the connection cut
/// where that is more than some kilobytes.
class CurlClient final : public HttpClient {
 public:
  /// The failure is a sentence: a file that cannot be read.
  static std::expected<std::unique_ptr<CurlClient>, std::string> make(CurlSettings settings);
  ~CurlClient() override;  // cuts what is under way

  void start(std::uint64_t number, Request request) override;
  std::vector<Finished> run(std::chrono::milliseconds at_most) override;
  void wake() override;

 private:
  struct Impl;
  explicit CurlClient(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace callstate::projections
