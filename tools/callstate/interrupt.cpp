#include "tools/callstate/interrupt.hpp"

#include <csignal>
#include <initializer_list>

namespace callstate::tools {
namespace {

volatile std::sig_atomic_t interrupted = 0;

void set(void (*handler)(int), int flags) {
  struct sigaction action{};
  action.sa_handler = handler;
  action.sa_flags = flags;
  for (const int signal : {SIGINT, SIGTERM}) ::sigaction(signal, &action, nullptr);
}

}  // namespace

Interrupt::Interrupt() {
  interrupted = 0;
  set([](int) { interrupted = 1; }, static_cast<int>(SA_RESETHAND | SA_RESTART));
}

Interrupt::~Interrupt() {
  set(SIG_DFL, 0);
}

bool Interrupt::came() {
  return interrupted != 0;
}

}  // namespace callstate::tools
