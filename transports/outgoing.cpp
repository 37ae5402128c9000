#include "transports/hub.hpp"
#include "transports/utc_now.hpp"

namespace callstate::transports {

Outgoing::Outgoing(const engine::ServerMessage& message, const MediaTokens* media)
    : event_(std::get_if<engine::Event>(&message)), message_(&message), media_(media) {}

// The clock is asked only where a token may be made.
Viewer Outgoing::viewer(std::string_view user) const {
  return {.user = user, .media = media_, .now = media_ == nullptr ? call::Time() : utc_now()};
}

const engine::ServerMessage& Outgoing::whole() {
  if (message_ == nullptr) message_ = &made_.emplace(*event_);
  return *message_;
}

const engine::ServerMessage& Outgoing::message(std::string_view user) {
  const bool signal =
      event_ != nullptr && std::holds_alternative<call::Signaled>(event_->record.payload);
  if (!signal || sees(*event_, viewer(user)) == Sees::what_its_ends_see) return whole();
  if (!redacted_) {
    auto& event = std::get<engine::Event>(redacted_.emplace(whole()));
    std::get<call::Signaled>(event.record.payload).data.clear();
  }
  return *redacted_;
}

std::shared_ptr<const std::string> Outgoing::text(std::string_view user) {
  const auto to = viewer(user);
  const auto made = [&] { return std::make_shared<const std::string>(encode(whole(), to)); };
  switch (event_ != nullptr ? sees(*event_, to) : sees(*message_, to)) {
    case Sees::its_own:
      return made();
    case Sees::what_its_ends_see:
      if (!for_ends_) for_ends_ = made();
      return for_ends_;
    case Sees::what_all_see:
      break;
  }
  if (!for_all_) for_all_ = made();
  return for_all_;
}

}  // namespace callstate::transports
