#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include <array>
#include <chrono>
#include <functional>
#include <string>
#include <vector>

namespace callstate::tools::testing {

/// A program on a terminal of its own, of which everything is seen that it draws.
class Pty {
 public:
  Pty(const std::vector<std::string>& command, unsigned short columns, unsigned short rows) {
    winsize size{};
    size.ws_col = columns;
    size.ws_row = rows;
    // The program's own end stays open here too: what it leaves of the settings is seen.
    EXPECT_EQ(::openpty(&master_, &slave_, nullptr, nullptr, &size), 0);
    EXPECT_EQ(::tcgetattr(slave_, &before_), 0);
    child_ = ::fork();
    if (child_ == 0) become(command);
  }
  ~Pty() {
    if (child_ > 0) {
      ::kill(child_, SIGKILL);
      ::waitpid(child_, nullptr, 0);
    }
    ::close(master_);
    ::close(slave_);
  }
  Pty(const Pty&) = delete;
  Pty& operator=(const Pty&) = delete;

  void press(std::string_view keys) const {
    EXPECT_EQ(::write(master_, keys.data(), keys.size()), static_cast<ssize_t>(keys.size()));
  }
  void resize(unsigned short columns, unsigned short rows) const {
    winsize size{};
    size.ws_col = columns;
    size.ws_row = rows;
    EXPECT_EQ(::ioctl(master_, TIOCSWINSZ, &size), 0);
  }
  void signal(int which) const { ::kill(child_, which); }

  /// Waits until the screen fits; false when it does not within a patience that only a
  /// failing test spends.
  using Fits = std::function<bool(const std::vector<std::string>& screen)>;
  bool wait_for(const Fits& fits) {
    return read_until([&] { return fits(screen()); });
  }
  bool wait_for(const std::string& text) {
    return wait_for([&](const std::vector<std::string>& lines) {
      for (const auto& line : lines) {
        if (line.find(text) != std::string::npos) return true;
      }
      return false;
    });
  }

  /// How the program ended: the status that waitpid gives; -1: it did not.
  int wait_for_end() {
    int status = -1;
    read_until([&] {
      const bool ended = ::waitpid(child_, &status, WNOHANG) == child_;
      if (ended) child_ = -1;
      return ended;
    });
    if (child_ != -1) return -1;
    drain();
    return status;
  }

  /// The lines of the last whole frame, without colours.
  [[nodiscard]] std::vector<std::string> screen() const {
    constexpr std::string_view begin = "\033[H";
    constexpr std::string_view end = "\033[J";
    const auto last = seen_.rfind(end);
    if (last == std::string::npos) return {};
    const auto first = seen_.rfind(begin, last);
    if (first == std::string::npos) return {};
    std::vector<std::string> lines(1);
    for (std::size_t i = first + begin.size(); i < last; ++i) {
      if (seen_[i] == '\033') {
        while (i < last && !std::isalpha(static_cast<unsigned char>(seen_[i]))) ++i;
      } else if (seen_[i] == '\n') {
        lines.emplace_back();
      } else if (seen_[i] != '\r') {
        lines.back() += seen_[i];
      }
    }
    return lines;
  }
  [[nodiscard]] const std::string& everything() const { return seen_; }

  /// Whether the terminal's settings are those of before, and its screen and cursor too.
  [[nodiscard]] bool is_restored() const {
    termios now{};
    if (::tcgetattr(slave_, &now) != 0) return false;
    const auto after = [&](std::string_view last, std::string_view first) {
      const auto there = seen_.rfind(last);
      return there != std::string::npos &&
             (seen_.rfind(first) == std::string::npos || seen_.rfind(first) < there);
    };
    return now.c_lflag == before_.c_lflag && now.c_iflag == before_.c_iflag &&
           now.c_oflag == before_.c_oflag && after("\033[?1049l", "\033[?1049h") &&
           after("\033[?25h", "\033[?25l");
  }

 private:
  [[noreturn]] void become(const std::vector<std::string>& command) const {
    ::close(master_);
    ::login_tty(slave_);
    std::vector<char*> arguments;
    for (const auto& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
    arguments.push_back(nullptr);
    std::array<char*, 4> environment{const_cast<char*>("TERM=xterm"),
                                     const_cast<char*>("LANG=C.UTF-8"),
                                     const_cast<char*>("NO_COLOR=1"), nullptr};
    ::execve(arguments[0], arguments.data(), environment.data());
    ::_exit(127);
  }

  /// Reads what is drawn until it is enough.
  bool read_until(const std::function<bool()>& enough) {
    using Clock = std::chrono::steady_clock;
    const auto patience = Clock::now() + std::chrono::seconds(60);
    constexpr int look_again_ms = 20;
    while (!enough()) {
      if (Clock::now() > patience) return false;
      pollfd output{.fd = master_, .events = POLLIN, .revents = 0};
      if (::poll(&output, 1, look_again_ms) > 0) read_some();
    }
    return true;
  }
  void drain() {
    pollfd output{.fd = master_, .events = POLLIN, .revents = 0};
    while (::poll(&output, 1, 0) > 0 && read_some()) continue;
  }
  bool read_some() {
    std::array<char, 4096> bytes{};
    const auto got = ::read(master_, bytes.data(), bytes.size());
    if (got <= 0) return false;
    seen_.append(bytes.data(), static_cast<std::size_t>(got));
    return true;
  }

  int master_ = -1;
  int slave_ = -1;
  pid_t child_ = -1;
  termios before_{};
  std::string seen_;
};

}  // namespace callstate::tools::testing
