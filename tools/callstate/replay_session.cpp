#include "tools/callstate/replay_session.hpp"

#include <string_view>

#include "tools/callstate/output.hpp"
#include "tools/callstate/report/replay_screen.hpp"
#include "tools/callstate/report/table.hpp"

namespace callstate::tools {
namespace {

using Kind = Terminal::Key::Kind;

/// Takes the last character of UTF-8 away.
void shorten(std::string& text) {
  while (!text.empty()) {
    const auto byte = static_cast<unsigned char>(text.back());
    text.pop_back();
    if ((byte & 0xC0U) != 0x80U) return;
  }
}

/// The command that a key is short for; empty: none.
std::string_view command_of(const Terminal::Key& key) {
  switch (key.kind) {
    case Kind::right:
    case Kind::down:
      return "next";
    case Kind::left:
    case Kind::up:
      return "back";
    case Kind::home:
      return "first";
    case Kind::end:
      return "last";
    case Kind::page_down:
      return "next 10";
    case Kind::page_up:
      return "back 10";
    case Kind::character:
      break;
    case Kind::enter:
    case Kind::escape:
    case Kind::backspace:
    case Kind::redraw:
    case Kind::closed:
      return {};
  }
  if (key.text == "n" || key.text == " ") return "next";
  if (key.text == "p") return "back";
  if (key.text == "c") return "continue";
  if (key.text == "N") return "search";
  return {};
}

/// What a key begins at the prompt; empty: nothing.
std::string_view prompt_of(const Terminal::Key& key) {
  if (key.kind != Kind::character) return {};
  if (key.text == "g") return "go ";
  if (key.text == "b") return "break ";
  if (key.text == "d") return "delete ";
  if (key.text == "/") return "/";
  if (key.text == ":") return ":";
  return {};
}

class Session {
 public:
  Session(Replay& replay, Terminal& terminal, const std::string& title, bool ascii)
      : replay_(replay), terminal_(terminal), ascii_(ascii) {
    screen_.title = title;
    replay_.set_interrupted(Terminal::has_key);
  }

  void run() {
    do draw();
    while (take(terminal_.read_key()));
  }

 private:
  void draw() {
    const auto size = terminal_size();
    terminal_.draw(render_screen(replay_, screen_, paint_,
                                 {.columns = size.columns, .rows = size.rows, .ascii = ascii_}));
  }

  bool take(const Terminal::Key& key) {
    if (key.kind == Kind::closed) return false;
    if (key.kind == Kind::redraw) return true;
    if (screen_.prompt) return type(key);
    screen_.message.clear();
    if (std::exchange(screen_.help, false)) return true;
    if (key.kind == Kind::character && key.text == "?") {
      screen_.help = true;
    } else if (key.kind == Kind::character && key.text == "q") {
      return false;
    } else if (const auto prompt = prompt_of(key); !prompt.empty()) {
      screen_.prompt = prompt;
    } else if (const auto command = command_of(key); !command.empty()) {
      return carry_out(command);
    }
    return true;
  }

  /// A key at the prompt.
  bool type(const Terminal::Key& key) {
    std::string& typed = *screen_.prompt;
    if (key.kind == Kind::character) {
      typed += key.text;
    } else if (key.kind == Kind::backspace) {
      shorten(typed);
      if (typed.empty()) screen_.prompt.reset();
    } else if (key.kind == Kind::escape) {
      screen_.prompt.reset();
    } else if (key.kind == Kind::enter) {
      const std::string line = std::move(typed);
      screen_.prompt.reset();
      std::string_view command = line;
      if (command.starts_with(':')) command.remove_prefix(1);
      return carry_out(command);
    }
    return true;
  }

  bool carry_out(std::string_view command) {
    const std::size_t before = replay_.player().at();
    auto answer = replay_.command(command);
    // Where it stands is on the screen anyway; why it stopped there is not.
    const bool moved = replay_.player().at() != before;
    const auto newline = answer.text.find('\n');
    if (answer.good && moved) {
      answer.text = newline == std::string::npos ? std::string() : answer.text.substr(newline + 1);
    }
    screen_.message = std::move(answer.text);
    return !answer.quit;
  }

  Replay& replay_;
  Terminal& terminal_;
  const bool ascii_;
  const Paint paint_ = Paint::for_stdout();
  ReplayScreen screen_;
};

}  // namespace

void replay_on_terminal(Replay& replay, Terminal& terminal, const std::string& title, bool ascii) {
  Session(replay, terminal, title, ascii).run();
}

bool replay_by_script(Replay& replay, std::istream& script) {
  bool good = true;
  for (std::string line; std::getline(script, line);) {
    const auto answer = replay.command(line);
    good = good && answer.good;
    for (std::string_view rest = answer.text; !rest.empty();) {
      const auto shown = rest.substr(0, rest.find('\n'));
      print(printable(shown) + "\n");
      rest.remove_prefix(std::min(rest.size(), shown.size() + 1));
    }
    if (answer.quit) break;
  }
  return good;
}

}  // namespace callstate::tools
