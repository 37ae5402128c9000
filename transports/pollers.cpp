#include "transports/pollers.hpp"

#include <utility>

#include "transports/close_code.hpp"
#include "transports/server_context.hpp"

namespace callstate::transports {

class Pollers::Session final : public Outlet {
 public:
  Session(Pollers& owner, std::string client, engine::SessionId id)
      : owner_(owner), client_(std::move(client)), id_(id) {}

  void send(Outgoing&, std::string_view) override {
    // It is sent one thing: that it is open.
    open_ = true;
    for (auto& [number, poll] : polls_)
      if (auto entered = std::exchange(poll.entered, nullptr)) entered({0, {}});
  }
  void resume(const engine::Resume&) override {}
  void flush() override {}
  void close(const engine::Close& close) override {
    for (auto& [number, poll] : std::exchange(polls_, {})) {
      if (poll.entered) {
        poll.entered(close);
      } else {
        poll.cut(close);
      }
    }
    owner_.erase(client_);
  }

  void add(std::uint64_t number, Poll poll) {
    if (open_) std::exchange(poll.entered, nullptr)({0, {}});
    polls_.emplace(number, std::move(poll));
  }
  void remove(std::uint64_t number, SteadyTime now) {
    polls_.erase(number);
    last_poll_ = now;
  }
  [[nodiscard]] bool idle_since(SteadyTime time) const {
    return polls_.empty() && last_poll_ <= time;
  }
  [[nodiscard]] engine::SessionId id() const { return id_; }

 private:
  Pollers& owner_;
  const std::string client_;
  const engine::SessionId id_;
  std::unordered_map<std::uint64_t, Poll> polls_;
  SteadyTime last_poll_ = SteadyClock::now();
  bool open_ = false;
};

Pollers::Pollers(ServerContext& server, Hub& hub) : server_(server), hub_(hub) {}
Pollers::~Pollers() = default;

void Pollers::clear() {
  // Not in place: what is destroyed may ask for a session.
  const auto gone = std::exchange(sessions_, {});
}

std::string Pollers::client_of(const Identity& identity, const call::DeviceId& device) {
  std::string client = key_of(identity);
  client.append(1, '\0').append(device.view());
  // The session vouches for the token that it was opened with, and for no other.
  client.append(1, '\0').append(std::to_string(identity.issued_at.time_since_epoch().count()));
  return client;
}

void Pollers::enter(const Identity& identity, const call::DeviceId& device, std::uint64_t number,
                    Poll poll) {
  const std::string client = client_of(identity, device);
  auto& session = sessions_[client];
  if (session) return session->add(number, std::move(poll));
  const auto id = hub_.next_session_id();
  session = std::make_unique<Session>(*this, client, id);
  hub_.add(id, *session, identity.tenant, identity.user);
  session->add(number, std::move(poll));
  engine::OpenSession open{.session = id,
                           .sender = {.tenant = identity.tenant,
                                      .user = identity.user,
                                      .role = identity.role,
                                      .device = device,
                                      .name = identity.name},
                           .room = {},
                           .since = {},
                           .issued_at = identity.issued_at,
                           .polls = true};
  if (!server_.ports.inbox.submit(std::move(open)))
    session->close({close_code::try_later, "overloaded"});
}

void Pollers::leave(const std::string& client, std::uint64_t number) {
  const auto found = sessions_.find(client);
  if (found != sessions_.end()) found->second->remove(number, SteadyClock::now());
}

void Pollers::erase(const std::string& client) {
  const auto found = sessions_.find(client);
  hub_.remove(found->second->id());
  (void)server_.ports.inbox.submit(engine::CloseNotice{found->second->id()});  // always taken
  sessions_.erase(found);
}

void Pollers::sweep(SteadyTime now) {
  const auto since = now - server_.settings.poll_presence;
  for (auto at = sessions_.begin(); at != sessions_.end();) {
    const auto& [client, session] = *at++;
    if (session->idle_since(since)) erase(std::string(client));
  }
}

}  // namespace callstate::transports
