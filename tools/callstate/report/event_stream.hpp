#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace callstate::tools {

/// Takes server-sent events apart, as they come. Comments and fields that are not
/// needed here are left out.
class EventStream {
 public:
  /// `id` is that of this event; either may be empty.
  using Event = std::function<void(std::string_view id, std::string_view data)>;

  explicit EventStream(Event event) : event_(std::move(event)) {}

  void take(std::string_view bytes);

 private:
  void line(std::string_view text);

  const Event event_;
  std::string rest_;  // of a line that has not ended
  std::string id_;
  std::string data_;
};

}  // namespace callstate::tools
