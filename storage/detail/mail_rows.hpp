#pragma once

#include <rocksdb/write_batch.h>

#include <cstddef>
#include <functional>
#include <vector>

#include "core/engine/mail_segment.hpp"
#include "storage/detail/database.hpp"

// The mailbox's closed segments in the family of the snapshots. The addresses of a
// segment fall into some tens of buckets, and each bucket is a row, which holds its
// addresses with the positions that concern them. The keys begin with a byte that no
// snapshot's does; then come the bucket and the last position of the segment, so that
// a seek to what came after a position finds the first row that can hold any. Rows of
// one bucket may overlap, where a replay has cut segments anew.

namespace callstate::storage {

/// Writes the rows of a segment, some at a time, each time by `write`, which
/// gives false to stop.
void put_mail(const engine::MailSegment& segment, rocksdb::ColumnFamilyHandle* family,
              const std::function<bool(rocksdb::WriteBatch&)>& write);

/// The positions after `after` that concern `to`: rising, each once, the first
/// `max` of them. Sets `status` when they cannot be read.
std::vector<call::Position> find_mail(const Database& database, const engine::Fingerprint& to,
                                      call::Position after, std::size_t max,
                                      rocksdb::Status& status);

}  // namespace callstate::storage
