#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "transports/websocket_frame.hpp"

namespace callstate::transports {

/// The frames that wait to be written to one peer, as one run of bytes that can
/// be taken in pieces of any size. No I/O; used by one thread. Bounds are the
/// caller's to keep. Holds no memory to speak of while empty.
class OutboundQueue {
 public:
  void push(Opcode opcode, std::shared_ptr<const std::string> payload);

  [[nodiscard]] bool empty() const { return head_ == frames_.size(); }
  [[nodiscard]] std::size_t frames() const { return frames_.size() - head_; }
  /// Of all frames, headers included, less what has been consumed.
  [[nodiscard]] std::size_t bytes() const { return bytes_; }

  /// Copies the bytes that come next into `out`, as many as fit; gives how many.
  [[nodiscard]] std::size_t copy_to(std::span<char> out) const;
  /// The first `bytes` of those have been written.
  void consume(std::size_t bytes);

  /// Forgets every frame of which nothing has been written yet.
  void drop_unstarted();

 private:
  struct Frame {
    std::shared_ptr<const std::string> payload;
    Opcode opcode;
  };

  std::vector<Frame> frames_;
  std::size_t bytes_ = 0;
  std::uint32_t head_ = 0;     // frames before it have been written
  std::uint32_t started_ = 0;  // bytes of the first frame that have been written
};

}  // namespace callstate::transports
