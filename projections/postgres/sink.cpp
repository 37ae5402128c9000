#include "projections/postgres/sink.hpp"

#include <utility>

#include "projections/postgres/detail/store.hpp"

namespace callstate::projections::postgres {
namespace {

using history::Trouble;

/// Rows of another log, or of a log that has since been cut short, are not ours to
/// go on with. Without a row there is nothing to lose.
Checkpoint ours(const Checkpoint& found, const std::string& log_id, call::Position head) {
  if (found.log_id != log_id && found.position > 0) {
    refuse(Trouble::Kind::lasting,
           "the rows in PostgreSQL are of another log (" + found.log_id + ", and this is " +
               log_id +
               "): name another schema or database, or have them replaced by this log's (callstate "
               "projection rebuild --take-over)");
  }
  if (found.position > head) {
    refuse(Trouble::Kind::lasting,
           "the rows in PostgreSQL are at position " + std::to_string(found.position) +
               ", ahead of the log, which ends at " + std::to_string(head) +
               ": the log was put back from a backup, or has lost its end. Make the rows anew from "
               "what there is (callstate projection rebuild)");
  }
  return {log_id, found.position, found.writer, found.live_from};
}

}  // namespace

PostgresSink::PostgresSink(Settings settings, PayloadText payload)
    : settings_(std::move(settings)), payload_(std::move(payload)) {}

PostgresSink::~PostgresSink() = default;

std::expected<PostgresSink::Standing, Trouble> PostgresSink::open(const std::string& log_id,
                                                                  call::Position head) {
  store_.reset();
  return limited(settings_, [&]() -> Standing {
    store_ = std::make_unique<Store>(settings_, live_tables(), payload_, log_id,
                                     [&](pqxx::transaction_base&, const Checkpoint& found) {
                                       return ours(found, log_id, head);
                                     });
    return {store_->checkpoint().position, store_->take_live(), store_->skipped()};
  });
}

std::expected<void, Trouble> PostgresSink::apply(const history::Changes& changes) {
  auto done = limited(settings_, [&] {
    if (!store_) refuse(Trouble::Kind::passing, "there is no connection to PostgreSQL");
    store_->apply(changes);
  });
  if (!done) store_.reset();
  return done;
}

std::expected<void, Trouble> PostgresSink::skip(call::Position position, const std::string& reason,
                                                call::Time at) {
  auto done = limited(settings_, [&] {
    if (!store_) refuse(Trouble::Kind::passing, "there is no connection to PostgreSQL");
    store_->skip(position, reason, at);
  });
  if (!done) store_.reset();
  return done;
}

}  // namespace callstate::projections::postgres
