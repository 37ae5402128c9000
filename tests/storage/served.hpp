#pragma once

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "core/engine/mailbox.hpp"
#include "core/engine/sequencer.hpp"
#include "storage/stores.hpp"
#include "support/stand_ins.hpp"

namespace callstate::storage::testing {

/// A server of a log, without threads or a network.
class Served {
 public:
  Served(const std::filesystem::path& path, support::ManualClock& clock)
      : clock_(clock), store_(open(path)), mailbox_(store_->snapshots()) {
    sequencer_ = std::make_unique<engine::Sequencer>(settings_, clock_, ids_, store_->log(),
                                                     store_->snapshots(), mailbox_);
    auto recovered = sequencer_->recover(store_->reader());
    if (!recovered) throw std::runtime_error(recovered.error().message);
    recovery = *recovered;
    commit(sequencer_->start());
  }
  /// In order, with a mark.
  void stop() {
    auto last = sequencer_->begin();
    sequencer_->finish(last, true);
    commit(std::move(last));
    sequencer_.reset();
    store_.reset();
  }

  void say(std::string_view who, std::string_view room, call::MessageBody body) {
    engine::Requester by;
    by.reply_to = engine::make_session_id(999, 1);
    by.sender.tenant = call::TenantId::clipped("acme");
    by.sender.user = call::UserId::clipped(who);
    call::Message message;
    message.room = call::RoomName::clipped(room);
    message.body = std::move(body);
    engine::Submission request =
        engine::Request{std::make_shared<const engine::Requester>(by), std::move(message)};
    auto batch = sequencer_->begin();
    sequencer_->decide_due(batch);
    sequencer_->decide(request, batch);
    sequencer_->finish(batch);
    commit(std::move(batch));
  }
  void start_call(std::string_view room) {
    say("ann", room, call::StartCall{{call::UserId::clipped("bob")}, {}, {}, {}});
  }
  void whole_call(std::string_view room) {
    start_call(room);
    say("bob", room, call::Accept{});
    say("ann", room, call::End{});
  }
  [[nodiscard]] call::Position head() const { return store_->reader().head(); }
  const call::Room& room(std::string_view name) {
    return sequencer_->states().room(call::TenantId::clipped("acme"), name).room;
  }
  [[nodiscard]] Store& store() { return *store_; }

  engine::Recovery recovery;

 private:
  void commit(engine::Batch batch) {
    const auto number = batch.number;
    auto done =
        engine::commit(std::move(batch), store_->log(), store_->snapshots(), mailbox_, delivery_);
    if (!done) throw std::runtime_error(done.error().message);
    sequencer_->done(number);
  }

  engine::Settings settings_;
  support::ManualClock& clock_;
  support::SeededIds ids_;
  support::RecordingDelivery delivery_;
  std::unique_ptr<Store> store_;
  engine::Mailbox mailbox_;
  std::unique_ptr<engine::Sequencer> sequencer_;
};

}  // namespace callstate::storage::testing
