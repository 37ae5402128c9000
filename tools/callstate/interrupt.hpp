#pragma once

namespace callstate::tools {

/// While this lives the first SIGINT or SIGTERM is only remembered, and a second one
/// ends the process. One at a time.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  [[nodiscard]] static bool came();
};

}  // namespace callstate::tools
