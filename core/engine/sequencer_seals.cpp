#include <utility>

#include "core/engine/sequencer.hpp"

// Sealing what was appended: a record of the server's own stream, that nobody is told of.

namespace callstate::engine {

void Sequencer::seal(Batch& batch) {
  if (!sealing_.ready() || !log_.has_room()) return;
  if (auto sealed = sealing_.make(now_)) append(std::move(*sealed), batch);
}

void Sequencer::on(SealNow& /*now*/, Batch& batch) {
  seal(batch);
}

void Sequencer::on(SealPast& past, Batch& batch) {
  if (!log_.has_room()) return;  // goes on after a restart
  if (auto sealed = sealing_.make_past(past.first, past.root, now_)) {
    append(std::move(*sealed), batch);
  }
}

void Sequencer::append(call::Sealed sealed, Batch& batch) {
  call::Record record =
      make_record(*server_, server_->user.seq, server_->user.chain, server(), std::move(sealed));
  const call::Hash hash = add(record, batch);
  (void)fold(record, hash);  // follows the server's own chain by construction
}

}  // namespace callstate::engine
