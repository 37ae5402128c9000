#pragma once

#include <cstddef>
#include <expected>
#include <functional>
#include <string>
#include <string_view>

#include "tools/callstate/net.hpp"
#include "tools/callstate/report/trouble.hpp"

namespace callstate::tools {

/// The log of a running server, as its `/v1/log` shows it to one token.
class LogFeed {
 public:
  /// `filters`: parameters of `/v1/log` as in a query, each with an `&` before it.
  LogFeed(ServerUrl url, std::string token, std::string filters)
      : url_(std::move(url)), token_(std::move(token)), filters_(std::move(filters)) {}

  /// Is handed records as JSON, in order.
  using Show = std::function<void(std::string_view record)>;

  /// The last `count` that fit.
  std::expected<void, Trouble> last(std::size_t count, const Show& show) const;

  /// These, and what comes from then on, until `goes_on` says no: it is asked several
  /// times a second. Where the connection ends it is made again, and goes on with what
  /// has not been shown; `note` is told what happens, in a few words. Trouble is what
  /// would be the same the next time.
  std::expected<void, Trouble> follow(std::size_t count, const Show& show,
                                      const std::function<bool()>& goes_on,
                                      const std::function<void(std::string_view)>& note) const;

 private:
  [[nodiscard]] Trouble refused(const HttpAnswer& answer) const;

  ServerUrl url_;
  std::string token_;
  std::string filters_;
};

}  // namespace callstate::tools
