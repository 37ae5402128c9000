// A program with the engine inside itself: no sockets, no tokens. Two users of
// one tenant have a call; what each of them hears is printed as it would go over
// the wire, then what the log holds of it. docs/embedding.md walks through this.
//
//   embedding_example [DIRECTORY]    without one, a temporary directory

#include <stdlib.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/engine/engine.hpp"
#include "core/engine/fanout.hpp"
#include "core/engine/system.hpp"
#include "storage/store.hpp"
#include "transports/codec.hpp"
#include "transports/in_process.hpp"

namespace {

using namespace callstate;

constexpr std::chrono::seconds patience{30};

/// One user's client.
class Client {
 public:
  explicit Client(std::string name) : name_(std::move(name)) {}

  bool open(transports::InProcess& transport, std::optional<call::RoomName> room) {
    const call::Sender who{.tenant = call::TenantId::clipped("acme"),
                           .user = call::UserId::clipped(name_),
                           .role = call::Role::crm_user,
                           .device = call::DeviceId::clipped("laptop"),
                           .name = name_};
    session_ = transport.open(who, room, [this](const auto& message) { hear(message); });
    return session_ != nullptr;
  }

  /// Taken is not durable: the ACK, which carries `id`, says that it is.
  bool send(const call::RoomName& room, std::string_view id, call::MessageBody body) {
    return session_->send({.room = room,
                           .id = call::MessageId::clipped(id),
                           .sender = std::nullopt,
                           .body = std::move(body)});
  }

  /// Whether a message of this type has come, or comes in time.
  bool hears(std::string_view type) {
    const std::string beginning = "{\"type\":\"" + std::string(type) + "\"";
    std::unique_lock lock(mutex_);
    return came_.wait_for(lock, patience, [&] {
      return std::ranges::any_of(heard_,
                                 [&](const auto& text) { return text.starts_with(beginning); });
    });
  }

  void close() { session_.reset(); }

 private:
  // On an engine thread, which delivers nothing else meanwhile: short, and
  // without calls that wait.
  void hear(const engine::ServerMessage& message) {
    auto text = transports::encode(message);
    std::printf("%-5s hears %s\n", name_.c_str(), text.c_str());
    {
      const std::scoped_lock lock(mutex_);
      heard_.push_back(std::move(text));
    }
    came_.notify_all();
  }

  std::string name_;
  std::mutex mutex_;
  std::condition_variable came_;
  std::vector<std::string> heard_;
  std::unique_ptr<transports::InProcessSession> session_;
};

/// One call, from ringing to hanging up. False when somebody did not hear of it.
bool play(transports::InProcess& transport, const call::RoomName& room) {
  Client alice("alice");
  Client bob("bob");
  // Bob is in no room: the invitation finds him all the same.
  if (!bob.open(transport, std::nullopt) || !alice.open(transport, room)) return false;

  call::StartCall start;
  start.callees = {call::UserId::clipped("bob")};
  const bool good = alice.send(room, "m-1", std::move(start)) && bob.hears("CALL_STARTED") &&
                    bob.send(room, "m-1", call::Ring{}) && alice.hears("RINGING") &&
                    bob.send(room, "m-2", call::Accept{}) && alice.hears("ACCEPTED") &&
                    alice.send(room, "m-2", call::End{}) && bob.hears("ENDED") &&
                    alice.hears("ENDED");
  bob.close();
  alice.close();
  return good;
}

void print_log(const engine::LogReader& reader) {
  const auto read = reader.read(
      1, reader.head(), [](const call::Record& record, const engine::RecordHash& /*hash*/) {
        const auto type = call::type_of(record.payload);
        const auto stream = record.stream.name.view();
        std::printf("%4llu  %-18.*s  %.*s\n", static_cast<unsigned long long>(record.position),
                    static_cast<int>(type.size()), type.data(), static_cast<int>(stream.size()),
                    stream.data());
        return true;
      });
  if (!read) std::fprintf(stderr, "%s\n", read.error().message.c_str());
}

int run(const std::filesystem::path& directory) {
  storage::OpenOptions options;
  options.path = directory;
  auto store = storage::Store::open(options);
  if (!store) {
    std::fprintf(stderr, "%s\n", store.error().message.c_str());
    return 2;
  }

  // The engine is told where to deliver, and the transport where to submit: the
  // fan-out stands between them, and is filled before the engine starts.
  const engine::SystemClock clock;
  engine::SystemIds ids;
  engine::Fanout fanout;
  engine::Engine engine(engine::Settings{}, clock, ids, (*store)->log(), (*store)->reader(),
                        (*store)->snapshots(), fanout);
  transports::InProcess transport(engine, engine.mailbox(), (*store)->reader(), 0);
  fanout.add(transport);

  const auto recovered = engine.start([](const engine::Failure& failure) {
    // Nothing is acknowledged from here on, and only a restart can tell what
    // the disk holds.
    std::fprintf(stderr, "the log failed: %s\n", failure.message.c_str());
    std::_Exit(70);
  });
  if (!recovered) {
    std::fprintf(stderr, "%s\n", recovered.error().message.c_str());
    return 2;
  }

  // A room of its own for each run: message ids must not repeat within a room.
  const auto name = "acme-call-" + std::to_string(recovered->head + 1);
  const bool good = play(transport, call::RoomName::clipped(name));
  // Before the transport goes: until it has stopped, the engine delivers.
  engine.stop();
  std::printf("\nthe log in %s:\n", directory.c_str());
  print_log((*store)->reader());
  if (!good) std::fprintf(stderr, "the call did not go as it should\n");
  return good ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1) return run(argv[1]);
  std::string name = (std::filesystem::temp_directory_path() / "callstate-XXXXXX").string();
  if (mkdtemp(name.data()) == nullptr) {
    std::perror("mkdtemp");
    return 2;
  }
  const int code = run(name);
  std::error_code ignored;
  std::filesystem::remove_all(name, ignored);
  return code;
}
