#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "transports/http.hpp"
#include "transports/text_values.hpp"

// Private to transports. Pure.

namespace callstate::transports {

/// Reads the parameters of a query one after the other; the first that is wrong is the
/// problem.
class Parameters {
 public:
  explicit Parameters(const HttpRequest& request) : request_(request) {}

  /// Gives `take` the parameter's text, where it is there; `take` says whether it is
  /// what `form` says.
  template <class Take>
  void read(std::string_view name, std::string_view form, const Take& take) {
    if (!problem_.empty() || !request_.has_parameter(name)) return;
    if (take(request_.parameter(name))) return;
    problem_.append(name).append(" must be ").append(form);
  }
  /// A number from 1 to `max`.
  void count(std::string_view name, std::size_t max, std::size_t& count) {
    read(name, "a number from 1 to " + std::to_string(max), [&](std::string_view text) {
      count = static_cast<std::size_t>(parse_number(text, max).value_or(0));
      return count != 0;
    });
  }
  /// A problem that is not one parameter's own.
  void refuse(std::string_view problem) {
    if (problem_.empty()) problem_ = problem;
  }
  [[nodiscard]] const std::string& problem() const { return problem_; }

 private:
  const HttpRequest& request_;
  std::string problem_;
};

/// Takes what parses, and says whether it did.
template <class To, class Read>
auto into(To& to, const Read& read) {
  return [&to, &read](std::string_view text) {
    const auto value = read(text);
    if (value) to = *value;
    return value.has_value();
  };
}

}  // namespace callstate::transports
