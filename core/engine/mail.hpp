#pragma once

#include <cstddef>
#include <expected>
#include <functional>
#include <vector>

#include "core/engine/effect.hpp"
#include "core/engine/mailbox.hpp"
#include "core/engine/ports.hpp"

namespace callstate::engine {

/// A stretch of somebody's mail.
struct Mail {
  std::vector<ServerMessage> messages;  // in the order of the log
  call::Position cursor = 0;            // what came up to here has been read
};

/// Is handed mail as it is read. False: that is enough, and nothing is read any more
/// but what is of the same position.
using TakeMail = std::function<bool(const ServerMessage&)>;

/// What concerns whom the query names, after `after` and up to `upto`: the events
/// as the log holds them, and after an ACCEPTED by another of the user's devices
/// the ANSWERED_ELSEWHERE that this one gets. At most `max` events are read. Gives
/// the cursor: where there may be more that of the last that was read, else `upto`.
///
/// `upto` is at most the mailbox's head. Any thread; reads the disk.
std::expected<call::Position, Failure> read_mail(const Mailbox& mailbox, const LogReader& log,
                                                 const MailQuery& query, call::Position after,
                                                 call::Position upto, std::size_t max,
                                                 const TakeMail& take);

/// The same, all of it at once.
std::expected<Mail, Failure> read_mail(const Mailbox& mailbox, const LogReader& log,
                                       const MailQuery& query, call::Position after,
                                       call::Position upto, std::size_t max);

/// Where such mail is found, for Mailbox::find and Mailbox::watch.
std::vector<Fingerprint> addresses_of(const Mailbox& mailbox, const MailQuery& query);

}  // namespace callstate::engine
