#pragma once

#include <boost/asio/post.hpp>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/engine/mail.hpp"
#include "core/history/ports.hpp"
#include "transports/codec.hpp"
#include "transports/http.hpp"
#include "transports/io_thread.hpp"
#include "transports/log_text.hpp"
#include "transports/server_context.hpp"

// Private to transports: the server's inside.

namespace callstate::transports {

class Answers;
class LogPages;

/// The paths of docs/protocol.md by which clients and back ends speak HTTP: for
/// one connection, one request at a time, on the connection's thread.
class HttpApi {
 public:
  HttpApi(ServerContext& server, IoThread& thread);
  ~HttpApi();

  /// Whether the path is one of these.
  [[nodiscard]] static bool knows(const HttpRequest& request);
  /// Whether it is the one that sends events for as long as the client listens.
  [[nodiscard]] static bool streams(const HttpRequest& request);

  /// The answer to who comes when the server drains.
  [[nodiscard]] static HttpResponse going_away();

  /// Answers, sooner or later. `knows` it, and does not `streams`.
  Task<HttpResponse> answer(std::unique_ptr<HttpRequest> owned);

  /// Writes bytes to the client; false when it is gone.
  using Write = std::function<Task<bool>(std::string_view)>;
  /// Sends events, or records of the log, by `write`, the response's head first, until the client
  /// goes, its token has expired or the server drains. A response where it comes to that, and where
  /// the head is all that is asked for.
  Task<std::optional<HttpResponse>> stream(std::unique_ptr<HttpRequest> owned, const Write& write);

  /// The answer to a token that no longer counts, or nothing.
  Task<std::optional<HttpResponse>> refuse_revoked(const HttpRequest& request);

  /// A webhook of the media server, whose token is good.
  Task<HttpResponse> report_media(const HttpRequest& request, const WebhookToken& token);

  /// The client has taken the answer, or will not: what was kept for it is given back.
  void answered() {
    place_.reset();
    place_in_all_.reset();
  }

  /// Whether a request waits for mail.
  [[nodiscard]] bool waits() const { return waits_ != nullptr; }
  /// The server drains, or the client has gone: whatever waits, ends.
  void go_away();

 private:
  struct Wake;
  /// What a poll or a stream asks for.
  struct Wanted {
    std::optional<call::Position> since;
    std::chrono::seconds wait{};
    std::size_t events_max = 0;
    // As texts of their own length: an id of the engine's has room for the longest.
    std::string tenant;
    std::string user;
    std::string device;
    std::string room;         // empty: the user's calls, in whatever room
    bool whole_room = false;  // all of it, whoever takes part
    call::Role role{};
    call::Time issued_at{};  // of the token

    [[nodiscard]] engine::MailQuery query() const;
    [[nodiscard]] call::RoomName room_name() const { return call::RoomName::clipped(room); }
  };
  /// Messages as JSON, each with the cursor to go on from after it; none when what
  /// follows is of the same position.
  struct Page {
    struct Message {
      std::string text;
      std::optional<call::Position> cursor;
    };
    std::vector<Message> messages;
    call::Position cursor = 0;
    std::size_t bytes = 0;  // of the texts

    void add(const engine::ServerMessage& message, std::string text);
  };
  template <class T>
  using Or = std::expected<T, HttpResponse>;  // else the answer

  /// The answer to who reads faster than it may.
  std::optional<HttpResponse> refuse_hasty(const Identity& who);
  /// The answer to who takes steps in calls faster than it may.
  std::optional<HttpResponse> refuse_hasty_step(const HttpRequest& request);
  /// A message that goes no further, of a user by its key.
  std::optional<engine::Refusal> refuse_at_once(
      const std::expected<ClientMessage, DecodeFailure>& message, std::string_view user);
  Task<HttpResponse> post_messages(const HttpRequest& request);
  Task<HttpResponse> poll(std::unique_ptr<HttpRequest> request);
  Task<std::optional<HttpResponse>> stream_mail(std::unique_ptr<HttpRequest> owned,
                                                const Write& write);
  Task<HttpResponse> start_call(const HttpRequest& request);
  Task<HttpResponse> act_in_call(const HttpRequest& request, std::string room, std::string verb);
  Task<HttpResponse> room_state(const HttpRequest& request, std::string room);
  Task<HttpResponse> presence(const HttpRequest& request, std::string user);
  Task<HttpResponse> revoke(const HttpRequest& request, std::string user);

  Task<HttpResponse> list_calls(const HttpRequest& request);
  Task<HttpResponse> show_call(const HttpRequest& request, std::string id);
  Task<HttpResponse> call_events(const HttpRequest& request, std::string id);
  /// What is asked of the log; the answer to who may not, or asks for what is not there.
  [[nodiscard]] Or<LogRequest> read_log_wanted(const HttpRequest& request) const;
  [[nodiscard]] HttpResponse log_unreadable(const engine::Failure& failure) const;
  /// The answer when there are as many streams of the log as there may be.
  std::optional<HttpResponse> take_log_place(const Identity& who);
  Task<HttpResponse> log_page(const HttpRequest& request);
  Task<std::optional<HttpResponse>> stream_log(std::unique_ptr<HttpRequest> owned,
                                               const Write& write);
  Task<void> feed_log(const HttpRequest& request, const LogPages& pages, call::Position after,
                      std::string out, const Write& write);
  Task<void> wait_for_log(call::Position after, SteadyTime earliest, SteadyTime latest,
                          call::Time expires);
  /// Until the history has come as far as the log had when it was asked, or a moment
  /// has passed; gives that position, or the answer to who may not ask at all.
  Task<Or<call::Position>> history_of_now(const HttpRequest& request);
  /// The answer where the history gives nothing.
  HttpResponse history_trouble(const history::Trouble& trouble);

  // Thousands of polls wait: nothing of a request stays meanwhile but what it wants.
  [[nodiscard]] Or<std::unique_ptr<Wanted>> read_wanted(const HttpRequest& request,
                                                        bool polls) const;
  /// What a session would be shown that opens now.
  Task<Or<Page>> present(const HttpRequest& request, const Wanted& wanted);
  /// The live calls that the user is in; none where that cannot be told.
  Task<std::vector<call::CallId>> calls_of(const Wanted& wanted);
  /// The answer when the user has as many polls and streams as it may have at once.
  std::optional<HttpResponse> take_place(const Identity& who);
  /// Mail after `after`, up to now; may be none, and is a page of it at most.
  Task<Or<Page>> read(const Wanted& wanted, call::Position after);
  /// Whatever waits for mail looks again.
  void go_on();
  /// Until the watch wakes it, or `until`, or the wait is cut.
  using Watch = std::function<std::shared_ptr<engine::Mailbox::Watch>(std::function<void()>)>;
  Task<void> wait_for(const Watch& watch, SteadyTime until);
  /// Until there may be mail after `after`, or `until`, or the wait is cut.
  Task<void> wait_for_mail(const Wanted& wanted, call::Position after, SteadyTime until);

  /// Who asks, for the engine.
  [[nodiscard]] std::shared_ptr<const engine::Requester> requester(const HttpRequest& request,
                                                                   engine::SessionId id) const;
  [[nodiscard]] Viewer viewer(const HttpRequest& request) const;
  [[nodiscard]] static HttpResponse overloaded();
  /// Runs the job on a thread that reads the log.
  template <class Job>
  Task<void> on_thread(asio::thread_pool& pool, Job& job);
  template <class Job>
  Task<void> on_reader(Job& job) {
    return on_thread(server_.readers, job);
  }
  Task<std::optional<call::Record>> read_record(call::Position position);
  /// The room as of a position or a time; as before its first event, if it was.
  Task<Or<call::Room>> room_as_of(const call::TenantId& tenant, const call::RoomName& name,
                                  std::optional<call::Position> position,
                                  std::optional<call::Time> time);
  /// Asks and waits for the whole answer; gives the refusal, where it is one.
  Task<std::optional<HttpResponse>> ask(const HttpRequest& request, Answers& answers,
                                        engine::Ask::What what);
  Task<std::optional<HttpResponse>> ask(std::shared_ptr<const engine::Requester> by,
                                        Answers& answers, engine::Ask::What what);
  /// One message to the engine; what it answers, or a problem.
  Task<Or<engine::Ack>> send(const HttpRequest& request, call::Message message);

  ServerContext& server_;
  IoThread& thread_;
  std::optional<Places::Place> place_;         // of a poll or a stream, until it is answered
  std::optional<Places::Place> place_in_all_;  // of a stream of the log besides
  std::shared_ptr<Wake> waits_;                // while a request waits for mail
  bool going_away_ = false;
};

template <class Job>
Task<void> HttpApi::on_thread(asio::thread_pool& pool, Job& job) {
  const auto initiate = [&](auto handler) {
    asio::post(pool, [this, &job, handler = std::move(handler)]() mutable {
      job();
      asio::post(thread_.context(), std::move(handler));
    });
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<Executor>, void()>(initiate, use_task);
}

}  // namespace callstate::transports
