#include "transports/attendance.hpp"

#include <boost/asio/post.hpp>
#include <utility>

#include "transports/pollers.hpp"

namespace callstate::transports {

/// What the session's thread tells the connection's.
struct Attendance::State {
  engine::Close answer;
  std::optional<engine::Close> cut;
  std::function<void()> on_cut;  // null once the attendance has ended
};

Attendance::Attendance(ServerContext& server, IoThread& thread, std::string client,
                       std::function<void()> cut)
    : server_(server),
      thread_(thread),
      home_(server.home_of(client)),
      client_(std::move(client)),
      number_(server.last_poll.fetch_add(1) + 1),
      state_(std::make_shared<State>()) {
  state_->on_cut = std::move(cut);
}

Attendance::~Attendance() {
  state_->on_cut = nullptr;
  if (!entered_ || server_.stopped) return;
  asio::post(home_.context(), [&home = home_, client = client_, number = number_] {
    home.pollers().leave(client, number);
  });
}

Task<engine::Close> Attendance::enter(const Identity& identity, const call::DeviceId& device) {
  entered_ = true;
  const auto initiate = [this, &identity, &device](auto handler) {
    using Handler = decltype(handler);
    auto& back = thread_.context();
    auto resume = std::make_shared<Handler>(std::move(handler));
    Pollers::Poll poll{.entered =
                           [&back, state = state_, resume](const engine::Close& close) {
                             asio::post(back, [state, resume, close] {
                               state->answer = close;
                               std::move (*resume)();
                             });
                           },
                       .cut =
                           [&back, state = state_](const engine::Close& close) {
                             asio::post(back, [state, close] {
                               state->cut = close;
                               if (state->on_cut) state->on_cut();
                             });
                           }};
    asio::post(home_.context(), [&home = home_, identity, device, number = number_,
                                 poll = std::move(poll)]() mutable {
      home.pollers().enter(identity, device, number, std::move(poll));
    });
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<Executor>, void()>(initiate, use_task);
  co_return state_->answer;
}

const std::optional<engine::Close>& Attendance::cut() const {
  return state_->cut;
}

}  // namespace callstate::transports
