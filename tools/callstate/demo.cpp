#include "tools/callstate/demo.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <utility>
#include <vector>

#include "core/engine/system.hpp"
#include "tools/callstate/demo_lanes.hpp"
#include "tools/callstate/output.hpp"
#include "transports/json_writer.hpp"

namespace callstate::tools {
namespace {

namespace json = boost::json;
using Clock = std::chrono::steady_clock;
using Result = std::expected<void, Trouble>;

constexpr std::chrono::milliseconds patience{5'000};
constexpr std::chrono::milliseconds aftermath{50};
constexpr std::chrono::hours for_ever{24 * 365};

// The sides, by their numbers as WebSockets gives them.
constexpr std::size_t phone = 0;
constexpr std::size_t tablet = 1;
constexpr std::size_t laptop = 2;

struct Expected {
  std::size_t side;
  std::string_view type;
};

std::string text_of(const json::object& message, std::string_view name) {
  const auto* value = message.if_contains(name);
  const auto* text = value == nullptr ? nullptr : value->if_string();
  return text == nullptr ? std::string() : std::string(*text);
}

/// A name that no room has yet.
std::string new_room() {
  static constexpr std::string_view digits = "0123456789abcdefghjkmnpqrstvwxyz";
  std::string name = "demo-";
  for (auto bits = engine::SystemIds().random(); name.size() < 11; bits >>= 5U) {
    name += digits[bits & 31U];
  }
  return name;
}

class Demo {
 public:
  Demo(const DemoPlan& plan, const Paint& paint)
      : plan_(plan),
        paint_(paint),
        lanes_({plan.callee.user + " phone", plan.callee.user + " tablet",
                plan.caller.user + " laptop"},
               paint, plan.json),
        sockets_(plan.url,
                 {.on_text = [this](std::size_t side, std::string_view text) { hear(side, text); },
                  .on_end = [this](std::size_t side, std::string_view why) { lose(side, why); }}) {}

  Result play() {
    for (const auto part : {&Demo::connect, &Demo::call, &Demo::ring, &Demo::answer, &Demo::hang_up,
                            &Demo::say_goodbye}) {
      if (auto done = (this->*part)(); !done) return done;
    }
    return {};
  }

 private:
  Result connect() {
    constexpr auto inbox = "connected, to its inbox";
    if (auto done = open(phone, plan_.callee, "/v1/ws?device=phone", inbox); !done) return done;
    if (auto done = open(tablet, plan_.callee, "/v1/ws?device=tablet", inbox); !done) return done;
    if (auto done = open(laptop, plan_.caller, "/party/" + room_ + "?device=laptop",
                         "connected, to room " + room_);
        !done) {
      return done;
    }
    return await({{laptop, "ROOM_STATE"}});
  }

  // The callee is in no room: the invitation finds its devices all the same.
  Result call() {
    const std::string fields = R"(,"calleeId":)" + json::serialize(json::string(plan_.callee.user));
    return send(laptop, "CALL_STARTED", fields,
                {{laptop, "ACK"}, {phone, "CALL_STARTED"}, {tablet, "CALL_STARTED"}});
  }
  Result ring() {
    if (plan_.until < Step::ringing) return {};
    return send(phone, "RINGING", "", {{phone, "ACK"}, {laptop, "RINGING"}});
  }
  Result answer() {
    if (plan_.until < Step::accepted) return {};
    return send(phone, "ACCEPTED", "",
                {{phone, "ACK"}, {laptop, "ACCEPTED"}, {tablet, "ANSWERED_ELSEWHERE"}});
  }
  Result hang_up() {
    if (plan_.until < Step::ended) return {};
    return send(laptop, "ENDED", "", {{laptop, "ACK"}, {laptop, "ENDED"}, {phone, "ENDED"}});
  }

  Result say_goodbye() {
    // What is still on its way to the others.
    sockets_.receive_until([this] { return broken_.has_value(); }, aftermath);
    if (plan_.until == Step::ended) {
      sockets_.close_all();
      sum_up();
      return {};
    }
    sum_up();
    if (!plan_.json) {
      print(paint_(Tone::dim, "The connections stay open until Ctrl-C, or until the server goes.") +
            "\n\n");
    }
    sockets_.receive_until([this] { return ended_ == 3; }, for_ever);
    return {};
  }

  Result open(std::size_t side, const DemoPerson& person, const std::string& target,
              std::string note) {
    const auto opened = sockets_.open(target, person.token, patience);
    if (!opened) return std::unexpected(Trouble{Exit::unusable, opened.error()});
    show({.side = side, .text = std::move(note)});
    return {};
  }

  Result send(std::size_t side, std::string_view type, std::string_view fields,
              const std::vector<Expected>& expected) {
    // Somebody watches: let them.
    sockets_.receive_until([this] { return broken_.has_value(); }, plan_.pause);
    if (broken_) return std::unexpected(*broken_);
    std::string text = R"({"type":")";
    text.append(type).append(R"(","id":")").append(room_).append("-").append(type);
    text.append(R"(","roomName":")").append(room_).append("\"").append(fields).append("}");
    heard_.clear();
    show({.side = side, .direction = Direction::sent, .text = text});
    if (auto sent = sockets_.send(side, text); !sent) {
      return std::unexpected(Trouble{Exit::found, sent.error()});
    }
    return await(expected);
  }

  Result await(const std::vector<Expected>& expected) {
    const auto missing = [&] {
      return std::ranges::find_if(expected, [this](const Expected& each) {
        return std::ranges::find(heard_, std::pair(each.side, std::string(each.type))) ==
               heard_.end();
      });
    };
    sockets_.receive_until([&] { return broken_.has_value() || missing() == expected.end(); },
                           patience);
    if (broken_) return std::unexpected(*broken_);
    const auto lacking = missing();
    if (lacking == expected.end()) return {};
    return std::unexpected(Trouble{Exit::found, lanes_.name(lacking->side) + " did not hear " +
                                                    std::string(lacking->type) +
                                                    " within 5 s. The server's log may say why."});
  }

  void hear(std::size_t side, std::string_view text) {
    show({.side = side, .direction = Direction::received, .text = std::string(text)});
    boost::system::error_code error;
    const json::value parsed = json::parse(json::string_view(text.data(), text.size()), error);
    const auto* message = parsed.if_object();
    if (error || message == nullptr) {
      broken_ = Trouble{Exit::found, "The server sent something that is no JSON object."};
      return;
    }
    const std::string type = text_of(*message, "type");
    if (type == "ERROR") {
      broken_ = Trouble{Exit::found, "The server refused what " + lanes_.name(side) +
                                         " sent: " + text_of(*message, "code") + ", " +
                                         text_of(*message, "message") + "."};
    }
    if (type == "CALLEE_OFFLINE") {
      broken_ = Trouble{Exit::found, "For the caller, " + plan_.callee.user +
                                         " is not online, though connected: the two tokens must "
                                         "be of one tenant."};
    }
    if (const auto call = text_of(*message, "callId"); !call.empty()) call_ = call;
    if (const auto* position = message->if_contains("pos"); type == "ACCEPTED" && position) {
      accepted_at_ = json::serialize(*position);
    }
    heard_.emplace_back(side, type);
  }

  void lose(std::size_t side, std::string_view why) {
    ++ended_;
    show({.side = side, .text = std::string(why)});
    std::string message =
        "The connection of " + lanes_.name(side) + " was lost: " + std::string(why);
    if (why.find("1008") != why.npos) {
      message +=
          ". The server takes other tokens: start it with --dev, or give two of its own "
          "with --token-caller and --token-callee";
    }
    if (!broken_) broken_ = Trouble{Exit::found, message + "."};
  }

  void show(Sight sight) const {
    // What follows from one message stands together.
    if (sight.direction == Direction::sent && !plan_.json) print("\n");
    sight.since_start = std::chrono::floor<std::chrono::milliseconds>(Clock::now() - began_);
    print(lanes_.line(sight));
  }

  void sum_up() const {
    if (plan_.json) {
      std::string text;
      transports::JsonWriter to(text);
      to.begin_object();
      to.boolean("ok", true);
      to.text("roomName", room_);
      to.text("callId", call_);
      to.end_object();
      print(text + '\n');
      return;
    }
    std::string text = "\nThe call is in the log. To look at it:\n";
    const std::string where = room_ + plan_.look_hint + "\n";
    text += "  callstate timeline " + where + "  callstate state " + where;
    if (!accepted_at_.empty()) {
      text += "  callstate state " + room_ + " --at " + accepted_at_ + plan_.look_hint + "\n";
    }
    print(text);
  }

  const DemoPlan& plan_;
  const Paint& paint_;
  const Clock::time_point began_ = Clock::now();
  const std::string room_ = new_room();
  DemoLanes lanes_;
  std::vector<std::pair<std::size_t, std::string>> heard_;  // since the last send
  std::string call_;
  std::string accepted_at_;
  std::size_t ended_ = 0;
  std::optional<Trouble> broken_;
  WebSockets sockets_;  // last: its events touch the others
};

}  // namespace

std::optional<Step> parse_step(std::string_view name) {
  if (name == "started") return Step::started;
  if (name == "ringing") return Step::ringing;
  if (name == "accepted") return Step::accepted;
  if (name == "ended") return Step::ended;
  return std::nullopt;
}

std::expected<void, Trouble> play_demo(const DemoPlan& plan, const Paint& paint) {
  return Demo(plan, paint).play();
}

}  // namespace callstate::tools
