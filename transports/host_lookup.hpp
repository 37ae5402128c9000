#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

// Private to transports.

namespace callstate::transports {

/// Looks one host's addresses up, and returns in time: the system's own function
/// blocks for as long as its name servers do not answer, and cannot be ended.
/// So it runs on a thread of its own, which is left behind when it takes too
/// long. There is one of them at most: while it goes on, later calls wait for
/// its end too. One caller at a time.
class HostLookup {
 public:
  /// IP addresses in their text form, or a sentence without its subject.
  using Result = std::expected<std::vector<std::string>, std::string>;
  using Find = std::function<Result(const std::string& host)>;

  /// Asks the system. A test gives another function, which may go on after the
  /// end of the HostLookup.
  explicit HostLookup(Find find = ask_system) : find_(std::move(find)) {}

  /// Blocks until `deadline` or `stop` at most, which is a failure too. Every
  /// call names the same host.
  Result operator()(const std::string& host, std::chrono::steady_clock::time_point deadline,
                    const std::stop_token& stop);

 private:
  struct UnderWay;

  static Result ask_system(const std::string& host);

  const Find find_;
  std::shared_ptr<UnderWay> under_way_;  // shared with its thread
};

}  // namespace callstate::transports
