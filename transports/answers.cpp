#include "transports/answers.hpp"

#include <boost/asio/redirect_error.hpp>

namespace callstate::transports {
namespace {

// A commit that takes longer than this is a disk that hangs.
constexpr std::chrono::seconds patience{30};

}  // namespace

Answers::Answers(IoThread& thread, const call::TenantId& tenant, const call::UserId& user)
    : thread_(thread), id_(thread.hub().next_session_id()), timer_(thread.context()) {
  thread_.hub().add(id_, *this, tenant, user);
}

Answers::~Answers() {
  thread_.hub().remove(id_);
}

void Answers::send(Outgoing& message, std::string_view user) {
  messages_.push_back(message.message(user));
}

void Answers::flush() {
  if (complete()) timer_.cancel();
}

const engine::Refusal* Answers::refusal() const {
  return messages_.empty() ? nullptr : std::get_if<engine::Refusal>(&messages_.back());
}

bool Answers::complete() const {
  if (wanted_) return messages_.size() >= *wanted_;
  return !messages_.empty() && (std::holds_alternative<engine::AsOf>(messages_.back()) ||
                                std::holds_alternative<engine::Refusal>(messages_.back()));
}

Task<bool> Answers::wait_for(std::size_t count) {
  wanted_ = count;
  return wait();
}

Task<bool> Answers::wait_for_end() {
  wanted_.reset();
  return wait();
}

Task<bool> Answers::wait() {
  timer_.expires_after(patience);
  if (!complete()) {
    boost::system::error_code cancelled;
    co_await timer_.async_wait(asio::redirect_error(use_task, cancelled));
  }
  co_return complete();
}

}  // namespace callstate::transports
