#include "tools/bench/embedded.hpp"

#include <stdexcept>
#include <thread>

namespace callstate::bench {
namespace {

constexpr std::size_t steps = 4;

// Of nobody: seals are signed as a server's are.
constexpr auto seal_key =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIPaQZlxhLFqGfEbvwOnUxgmSIbdOzrdmuDzlpWofNKQC\n"
    "-----END PRIVATE KEY-----\n";

engine::Settings settings(const engine::Sealer& sealer) {
  engine::Settings made;
  made.seals.by = &sealer;
  made.calls.per_second = 0;  // the quota would be all that is measured
  return made;
}

std::string padded(std::size_t number) {
  std::string digits = std::to_string(number);
  return std::string(12 - digits.size(), '0') + digits;
}

}  // namespace

Embedded::Embedded(const std::string& folder, std::size_t pairs) {
  storage::OpenOptions options;
  options.path = folder;
  auto store = storage::Store::open(options);
  if (!store) throw std::runtime_error(store.error().message);
  store_ = std::move(*store);

  auto sealer = storage::LogSealer::parse(store_->log_id(), seal_key);
  if (!sealer) throw std::runtime_error(sealer.error());
  sealer_ = std::move(*sealer);
  engine_ = std::make_unique<engine::Engine>(settings(*sealer_), clock_, ids_, store_->log(),
                                             store_->reader(), store_->snapshots(), fanout_);
  transport_ = std::make_unique<transports::InProcess>(*engine_, engine_->mailbox(),
                                                       store_->reader(), std::uint16_t{0});
  fanout_.add(*transport_);
  if (auto started = engine_->start([](const engine::Failure& failure) {
        std::fprintf(stderr, "the log failed: %s\n", failure.message.c_str());
        std::abort();
      });
      !started) {
    throw std::runtime_error(started.error().message);
  }
  open(pairs);
}

Embedded::~Embedded() {
  stop();
}

void Embedded::open(std::size_t pairs) {
  const auto tenant = call::TenantId::clipped("0190d6a4-7c3e-7000-8000-00000000aaaa");
  std::atomic<std::uint64_t> opened = 0;
  const auto session = [&](const call::UserId& user) {
    const call::Sender sender{.tenant = tenant,
                              .user = user,
                              .role = call::Role::crm_user,
                              .device = call::DeviceId::clipped("bench"),
                              .name = "A Caller"};
    const auto hear = [this](const engine::ServerMessage& message) {
      if (std::holds_alternative<engine::Refusal>(message)) ++refused_;
      if (!std::holds_alternative<engine::Ack>(message)) return;
      if (acks_.fetch_add(1, std::memory_order_acq_rel) + 1 == wanted_.load()) {
        const std::scoped_lock lock(mutex_);
        done_.notify_one();
      }
    };
    while (true) {
      if (auto made = transport_->open(sender, std::nullopt, hear)) return made;
      std::this_thread::yield();
    }
  };
  for (std::size_t i = 0; i < pairs; ++i) {
    Pair pair;
    const auto caller = call::UserId::clipped("0190d6a4-7c3e-7000-8001-" + padded(i));
    pair.callee_id = call::UserId::clipped("0190d6a4-7c3e-7000-8002-" + padded(i));
    pair.room = call::RoomName::clipped("aaaa-call-0190d6a4-7c3e-7000-8003-" + padded(i));
    pair.caller = session(caller);
    pair.callee = session(pair.callee_id);
    pairs_.push_back(std::move(pair));
  }
}

bool Embedded::send_next() {
  Pair& pair = pairs_[sent_ % pairs_.size()];
  const std::size_t step = sent_ / pairs_.size() % steps;
  call::Message message;
  message.room = pair.room;
  message.id = call::MessageId::clipped("01HZX-" + padded(sent_));
  auto* from = pair.caller.get();
  switch (step) {
    case 0: {
      call::StartCall start;
      start.callees = {pair.callee_id};
      start.callee_name = "A Callee";
      message.body = std::move(start);
      break;
    }
    case 1:
      message.body = call::Ring{};
      from = pair.callee.get();
      break;
    case 2:
      message.body = call::Accept{};
      from = pair.callee.get();
      break;
    default:
      message.body = call::End{};
      break;
  }
  if (!from->send(std::move(message))) return false;
  ++sent_;
  return true;
}

// Sleeps in the kernel: std::atomic's wait yields first, and on a busy machine
// that gives a whole time slice away.
void Embedded::wait_for(std::uint64_t acks) {
  std::unique_lock lock(mutex_);
  done_.wait(lock, [&] { return acks_.load(std::memory_order_acquire) >= acks; });
}

void Embedded::flood(std::size_t messages) {
  const std::uint64_t until = sent_ + messages;
  wanted_ = until;
  while (sent_ < until) {
    // A full inbox: let the engine catch up rather than spin against it.
    if (!send_next()) std::this_thread::sleep_for(std::chrono::microseconds(200));
  }
  wait_for(until);
  if (refused_ != 0) throw std::runtime_error("messages were refused");
}

void Embedded::one() {
  wanted_ = sent_ + 1;
  while (!send_next()) std::this_thread::yield();
  wait_for(sent_);
}

void Embedded::stop() {
  if (!engine_) return;
  pairs_.clear();
  engine_->stop();
  transport_->stop();
  engine_.reset();
  store_.reset();
}

}  // namespace callstate::bench
