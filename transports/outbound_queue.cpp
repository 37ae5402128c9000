#include "transports/outbound_queue.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <utility>

namespace callstate::transports {
namespace {

// Capacity that an empty queue may keep, and frames written before the front is
// cut off.
constexpr std::size_t kept_frames_max = 4;
constexpr std::size_t written_frames_max = 64;

std::size_t header_size(std::size_t payload) {
  return payload < 126 ? 2 : payload <= 0xFFFF ? 4 : server_header_bytes_max;
}

}  // namespace

void OutboundQueue::push(Opcode opcode, std::shared_ptr<const std::string> payload) {
  bytes_ += header_size(payload->size()) + payload->size();
  frames_.push_back({std::move(payload), opcode});
}

std::size_t OutboundQueue::copy_to(std::span<char> out) const {
  std::size_t filled = 0;
  std::size_t skip = started_;
  const auto put = [&](const char* data, std::size_t size) {
    const auto skipped = std::min(skip, size);
    skip -= skipped;
    const auto part = std::min(size - skipped, out.size() - filled);
    if (part != 0) std::memcpy(out.data() + filled, data + skipped, part);
    filled += part;
  };
  for (std::size_t i = head_; i < frames_.size() && filled < out.size(); ++i) {
    const auto& [payload, opcode] = frames_[i];
    char header[server_header_bytes_max];
    put(header, write_frame_header(opcode, payload->size(), header));
    put(payload->data(), payload->size());
  }
  return filled;
}

void OutboundQueue::consume(std::size_t bytes) {
  assert(bytes <= bytes_);
  bytes_ -= bytes;
  std::size_t left = started_ + bytes;
  while (left != 0) {
    auto& front = frames_[head_];
    const auto size = header_size(front.payload->size()) + front.payload->size();
    if (left < size) break;
    left -= size;
    front.payload.reset();
    ++head_;
  }
  started_ = static_cast<std::uint32_t>(left);
  if (empty()) {
    head_ = 0;
    if (frames_.capacity() > kept_frames_max) {
      frames_ = {};
    } else {
      frames_.clear();
    }
  } else if (head_ > written_frames_max && head_ > frames_.size() / 2) {
    frames_.erase(frames_.begin(), frames_.begin() + head_);
    head_ = 0;
  }
}

void OutboundQueue::drop_unstarted() {
  frames_.resize(head_ + (started_ != 0 ? 1U : 0U));
  bytes_ = 0;
  for (std::size_t i = head_; i < frames_.size(); ++i)
    bytes_ += header_size(frames_[i].payload->size()) + frames_[i].payload->size();
  bytes_ -= started_;
}

}  // namespace callstate::transports
