#include "transports/look_up.hpp"

#include <boost/asio/redirect_error.hpp>
#include <optional>
#include <utility>

namespace callstate::transports {

LookUp::Answer answer_of_before(ServerContext& server, const call::UserId& user, std::string why) {
  using engine::Directory;
  if (auto known = server.ports.directory->remembered(user)) return *std::move(known);
  return std::unexpected(Directory::Failure{Directory::Refusal::unavailable, std::move(why)});
}

std::unique_ptr<LookUp> LookUp::begin(ServerContext& server, IoThread& thread,
                                      const call::UserId& user, Done done) {
  if (server.unauthenticated.fetch_add(1) >= server.settings.unauthenticated_max) {
    --server.unauthenticated;
    ++server.metrics.waiting_refused;
    return nullptr;
  }
  std::unique_ptr<LookUp> asked(new LookUp(server, thread, std::move(done)));
  asked->patience_.async_wait(
      [&server, user, state = asked->state_](boost::system::error_code cancelled) {
        if (cancelled || !state->done) return;
        finish(*state, answer_of_before(server, user, "the directory does not answer in time"));
      });
  server.ports.directory->look_up(
      user, [path = thread.return_path(), state = asked->state_](const Answer& said) {
        path->post([state, said] { finish(*state, said); });
      });
  return asked;
}

LookUp::LookUp(ServerContext& server, IoThread& thread, Done done)
    : server_(server),
      state_(std::make_shared<State>(std::move(done))),
      patience_(thread.context(), server.settings.directory_timeout) {}

LookUp::~LookUp() {
  state_->done = nullptr;
  --server_.unauthenticated;
}

// It may destroy the look-up, and with it what is called.
void LookUp::finish(State& state, const Answer& answer) {
  if (const auto done = std::exchange(state.done, nullptr)) done(answer);
}

Task<LookUp::Answer> look_up(ServerContext& server, IoThread& thread, const call::UserId& user) {
  asio::steady_timer woken(thread.context(), asio::steady_timer::time_point::max());
  std::optional<LookUp::Answer> answer;
  const auto asked = LookUp::begin(server, thread, user, [&](const LookUp::Answer& said) {
    answer = said;
    woken.cancel();
  });
  if (!asked) co_return answer_of_before(server, user, std::string(too_many_wait));
  boost::system::error_code cancelled;
  co_await woken.async_wait(asio::redirect_error(use_task, cancelled));
  co_return std::move(*answer);
}

}  // namespace callstate::transports
