#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>

#include "core/engine/retention.hpp"
#include "core/engine/sealing.hpp"
#include "storage/seal_key.hpp"
#include "storage/sha256.hpp"
#include "storage/store.hpp"
#include "storage/stores.hpp"

namespace callstate::tools::testing {

constexpr auto a_private_key =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIPaQZlxhLFqGfEbvwOnUxgmSIbdOzrdmuDzlpWofNKQC\n"
    "-----END PRIVATE KEY-----\n";
constexpr auto a_public_key =
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEANdOn15WfMqL3c+3PX63cplYDTHCMX65uHNn0j+9k0lQ=\n"
    "-----END PUBLIC KEY-----\n";
constexpr auto another_public_key =
    "-----BEGIN PUBLIC KEY-----\n"
    "MCowBQYDK2VwAyEAy6SR5CfhKPolQkC788Y2wJ7v6mFfus124iGaLRDPo/Y=\n"
    "-----END PUBLIC KEY-----\n";

/// A log on disk with seals in it, written record by record.
class SealedLog {
 public:
  explicit SealedLog(bool is_signed = true) : store_(storage::testing::open(path())) {
    if (is_signed) {
      sealer_ = std::move(*storage::LogSealer::parse(store_->log_id(), a_private_key));
    } else {
      sealer_ = std::make_unique<storage::LogSealer>(store_->log_id());
    }
    sealing_ = std::make_unique<engine::Sealing>(engine::SealSettings{.by = sealer_.get()});
    sealing_->begin({}, 0, 1, 1);
  }

  [[nodiscard]] std::filesystem::path path() const { return directory_ / "log"; }
  [[nodiscard]] const engine::LogReader& reader() const { return store_->reader(); }
  [[nodiscard]] const std::string& log_id() const { return sealer_->log_id(); }
  void close() { store_.reset(); }
  void open() { store_ = storage::testing::open(path()); }

  call::Position add(call::Stream stream, std::string_view by, call::Payload payload,
                     const call::CallId& call = {}) {
    auto& [seq, chain] = streams_[std::string(stream.name.view())];
    call::Record record;
    record.stream = std::move(stream);
    record.seq = ++seq;
    record.at = now_ += std::chrono::milliseconds(250);
    record.actor.user = call::UserId::clipped(by);
    record.call = call;
    record.payload = std::move(payload);
    record.previous = chain;
    auto batch = store_->log().begin();
    chain = batch->add(record);
    EXPECT_TRUE(store_->log().commit(std::move(batch)));
    sealing_->take(record, chain);
    return record.position;
  }
  call::Position seal() {
    auto sealed = sealing_->make(now_ + std::chrono::milliseconds(250));
    return add({call::StreamKind::server, {}, {}}, call::system_actor, std::move(*sealed));
  }

  /// Drops what lies before that position and is older, as `retain` does.
  void begin_later(call::Position first) {
    const auto plan = engine::plan_retention(reader(), {.older_than = now_ + std::chrono::hours(1),
                                                        .cut_max = first - 1,
                                                        .is_kept = engine::is_kept_always});
    ASSERT_TRUE(plan) << plan.error().message;
    ASSERT_EQ(plan->beginning.first, first);
    ASSERT_TRUE(store_->begin_later(plan->beginning));
    sealing_ = std::make_unique<engine::Sealing>(engine::SealSettings{.by = sealer_.get()});
    sealing_->begin(plan->beginning.mark.seal, reader().head(), first, first);
    ASSERT_TRUE(reader().read(first, reader().head(), [&](const auto& record, const auto& hash) {
      sealing_->replay(record, hash);
      return true;
    }));
  }

  static call::CallId call(std::uint8_t number) {
    call::CallId id;
    id.bytes.fill(number);
    return id;
  }
  static call::Stream room(std::string_view name) {
    return {call::StreamKind::room, call::TenantId::clipped("acme"), call::UserId::clipped(name)};
  }

  /// Some of a call, and of others around it.
  void start_call(std::uint8_t number, std::string_view in) {
    call::CallStarted started;
    started.caller = call::UserId::clipped("alice");
    started.caller_name = "Alice";
    started.callees = {call::UserId::clipped("bob")};
    add(room(in), "alice", started, call(number));
    noise();
    add(room(in), "bob", call::Ringing{}, call(number));
    add(room(in), "bob", call::Accepted{now_ + std::chrono::hours(4)}, call(number));
  }
  void end_call(std::uint8_t number, std::string_view in) {
    noise();
    add(room(in), "alice", call::Ended{call::EndReason::hangup, "", 42}, call(number));
  }
  void noise() {
    add(room("other-" + std::to_string(now_.time_since_epoch().count())), "carol", call::Ringing{},
        call(99));
  }

 private:
  storage::testing::TemporaryDirectory directory_;
  std::unique_ptr<storage::Store> store_;
  std::unique_ptr<storage::LogSealer> sealer_;
  std::unique_ptr<engine::Sealing> sealing_;
  std::map<std::string, std::pair<call::Seq, call::Hash>> streams_;
  call::Time now_{std::chrono::seconds(1'790'000'000)};
};

}  // namespace callstate::tools::testing
