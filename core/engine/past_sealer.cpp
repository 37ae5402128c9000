#include "core/engine/past_sealer.hpp"

#include <chrono>

namespace callstate::engine {
namespace {

// The inbox is full of what is more urgent.
constexpr std::chrono::milliseconds pause{50};

}  // namespace

PastSealer::PastSealer(const LogReader& log, Inbox& inbox, seal::HashFunction hash,
                       Sealing::Past past)
    : log_(log), inbox_(inbox), hash_(hash), thread_([this, past] { run(past); }) {}

PastSealer::~PastSealer() {
  stopping_ = true;
  thread_.join();
}

void PastSealer::run(Sealing::Past past) {
  seal::Tree tree(hash_);
  tree.start(past.first);
  const auto read =
      log_.read(past.first, past.last, [&](const call::Record& record, const RecordHash& hash) {
        if (stopping_ || record.position != tree.next()) return false;
        const call::Position first = tree.first();
        tree.add(hash);
        const auto root = tree.take_chunk();
        return !root || submit({first, *root});
      });
  (void)read;
}

bool PastSealer::submit(const SealPast& chunk) {
  while (!stopping_) {
    if (inbox_.submit(chunk)) return true;
    std::this_thread::sleep_for(pause);
  }
  return false;
}

}  // namespace callstate::engine
