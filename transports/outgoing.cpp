#include "transports/hub.hpp"

namespace callstate::transports {
namespace {

const call::Signaled* signal_of(const engine::Event& event) {
  return std::get_if<call::Signaled>(&event.record.payload);
}

}  // namespace

Outgoing::Outgoing(const engine::ServerMessage& message)
    : event_(std::get_if<engine::Event>(&message)), message_(&message) {}

Addressee Outgoing::addressee(std::string_view user) const {
  const auto* signal = event_ == nullptr ? nullptr : signal_of(*event_);
  if (signal == nullptr) return Addressee::everybody;
  const bool an_end = signal->to.view() == user || event_->record.actor.user.view() == user;
  return an_end ? Addressee::participant : Addressee::everybody;
}

const engine::ServerMessage& Outgoing::whole() {
  if (message_ == nullptr) message_ = &made_.emplace(*event_);
  return *message_;
}

const engine::ServerMessage& Outgoing::message(Addressee addressee) {
  if (addressee == Addressee::participant || event_ == nullptr || signal_of(*event_) == nullptr)
    return whole();
  if (!redacted_) {
    auto& event = std::get<engine::Event>(redacted_.emplace(whole()));
    std::get<call::Signaled>(event.record.payload).data.clear();
  }
  return *redacted_;
}

const std::shared_ptr<const std::string>& Outgoing::text(Addressee addressee) {
  auto& text = addressee == Addressee::everybody ? for_everybody_ : for_participants_;
  if (!text) text = std::make_shared<const std::string>(encode(whole(), addressee));
  return text;
}

}  // namespace callstate::transports
