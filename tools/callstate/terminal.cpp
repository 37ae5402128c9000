#include "tools/callstate/terminal.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <initializer_list>
#include <utility>

namespace callstate::tools {
namespace {

constexpr std::string_view enter_screen = "\033[?1049h\033[?25l\033[?7l\033[2J";
constexpr std::string_view leave_screen = "\033[?7h\033[?25h\033[?1049l";
constexpr std::initializer_list<int> ending_signals{SIGINT, SIGTERM, SIGHUP, SIGQUIT};
constexpr int escape_patience_ms = 50;  // what follows an escape of a key is here by then

// A handler has nothing but these.
termios before{};
termios while_taken{};
volatile sig_atomic_t taken = 0;
volatile sig_atomic_t changed = 0;  // the size, or the process was continued

void write_all(std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

// Of these, handlers call only what may be called in them.

void give_back() {
  if (taken == 0) return;
  taken = 0;
  write_all(leave_screen);
  ::tcsetattr(STDIN_FILENO, TCSANOW, &before);
}

void take_again() {
  ::tcsetattr(STDIN_FILENO, TCSANOW, &while_taken);
  write_all(enter_screen);
  taken = 1;
  changed = 1;
}

void die_of(int signal) {
  const int saved = errno;
  give_back();
  errno = saved;
  ::raise(signal);  // its handler is the default one by now: it comes when this returns
}

void stop(int) {
  give_back();
  ::raise(SIGSTOP);
  // Here again when the process is continued.
  take_again();
}

void note_change(int) {
  changed = 1;
}

void handle(int signal, void (*handler)(int), int flags) {
  struct sigaction action{};
  action.sa_handler = handler;
  action.sa_flags = flags;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(signal, &action, nullptr);
}

}  // namespace

std::expected<Terminal, Trouble> Terminal::take() {
  if (::isatty(STDIN_FILENO) != 1 || ::isatty(STDOUT_FILENO) != 1 ||
      ::tcgetattr(STDIN_FILENO, &before) != 0) {
    return std::unexpected(Trouble{Exit::unusable, "This needs a terminal."});
  }
  while_taken = before;
  while_taken.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  while_taken.c_iflag &= ~static_cast<tcflag_t>(IXON | ICRNL);
  while_taken.c_cc[VMIN] = 1;
  while_taken.c_cc[VTIME] = 0;
  for (const int signal : ending_signals) handle(signal, die_of, static_cast<int>(SA_RESETHAND));
  handle(SIGTSTP, stop, 0);
  handle(SIGWINCH, note_change, 0);
  take_again();
  Terminal terminal;
  terminal.mine_ = true;
  return terminal;
}

Terminal::Terminal(Terminal&& other) noexcept
    : mine_(std::exchange(other.mine_, false)), closed_(other.closed_) {}

Terminal::~Terminal() {
  if (!mine_) return;
  give_back();
  for (const int signal : ending_signals) handle(signal, SIG_DFL, 0);
  handle(SIGTSTP, SIG_DFL, 0);
  handle(SIGWINCH, SIG_DFL, 0);
}

void Terminal::draw(const std::vector<std::string>& lines) {
  std::string text = "\033[H";
  for (std::size_t row = 0; row < lines.size(); ++row) {
    if (row > 0) text += "\r\n";
    text += lines[row] + "\033[K";
  }
  write_all(text + "\033[J");
}

bool Terminal::has_key() {
  pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  return ::poll(&input, 1, 0) > 0;
}

std::optional<char> Terminal::read_byte(int patience_ms) {
  // A change that comes between looking and waiting must not be slept over.
  sigset_t changes;
  sigset_t usual;
  ::sigemptyset(&changes);
  ::sigaddset(&changes, SIGWINCH);
  ::sigaddset(&changes, SIGTSTP);
  ::sigprocmask(SIG_BLOCK, &changes, &usual);
  pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
  const timespec patience{.tv_sec = 0, .tv_nsec = patience_ms * 1'000'000L};
  int ready = 0;
  if (changed == 0) ready = ::ppoll(&input, 1, patience_ms < 0 ? nullptr : &patience, &usual);
  ::sigprocmask(SIG_SETMASK, &usual, nullptr);
  if (ready <= 0) return std::nullopt;
  char byte = 0;
  const auto got = ::read(STDIN_FILENO, &byte, 1);
  if (got == 1) return byte;
  closed_ = got == 0 || errno != EINTR;
  return std::nullopt;
}

Terminal::Key Terminal::read_key() {
  using Kind = Key::Kind;
  for (;;) {
    const auto byte = read_byte(-1);
    if (closed_) return {.kind = Kind::closed};
    if (changed != 0) {
      changed = 0;
      return {.kind = Kind::redraw};
    }
    if (!byte) continue;
    if (*byte == '\033') return read_sequence();
    if (*byte == '\r' || *byte == '\n') return {.kind = Kind::enter};
    if (*byte == '\b' || *byte == '\x7f') return {.kind = Kind::backspace};
    Key key{.kind = Kind::character, .text = std::string(1, *byte)};
    // The rest of a character of UTF-8.
    const auto first = static_cast<unsigned char>(*byte);
    std::size_t more = first >= 0xF0U ? 3 : first >= 0xE0U ? 2 : first >= 0xC0U ? 1 : 0;
    for (; more > 0; --more) {
      const auto next = read_byte(escape_patience_ms);
      if (!next) break;
      key.text += *next;
    }
    return key;
  }
}

Terminal::Key Terminal::read_sequence() {
  using Kind = Key::Kind;
  const auto begins = read_byte(escape_patience_ms);
  if (!begins || (*begins != '[' && *begins != 'O')) return {.kind = Kind::escape};
  std::string sequence;
  constexpr std::size_t longest = 8;
  while (sequence.size() < longest) {
    const auto next = read_byte(escape_patience_ms);
    if (!next) break;
    sequence += *next;
    if (*next >= '@' && *next <= '~') break;
  }
  constexpr std::array<std::pair<std::string_view, Kind>, 12> known{{{"A", Kind::up},
                                                                     {"B", Kind::down},
                                                                     {"C", Kind::right},
                                                                     {"D", Kind::left},
                                                                     {"H", Kind::home},
                                                                     {"F", Kind::end},
                                                                     {"1~", Kind::home},
                                                                     {"4~", Kind::end},
                                                                     {"7~", Kind::home},
                                                                     {"8~", Kind::end},
                                                                     {"5~", Kind::page_up},
                                                                     {"6~", Kind::page_down}}};
  for (const auto& [text, kind] : known) {
    if (sequence == text) return {.kind = kind};
  }
  return {.kind = Kind::character};  // one that means nothing
}

}  // namespace callstate::tools
