#include "core/engine/mail.hpp"

#include <utility>
#include <variant>

namespace callstate::engine {
namespace {

bool is_of(const call::Record& record, const call::RoomName& room) {
  return record.stream.kind == call::StreamKind::room && record.stream.name.view() == room.view();
}

// False when one of the messages was enough.
bool hand_over(const MailQuery& query, const call::Record& record, const TakeMail& take) {
  bool go_on = take(Event{record});
  if (std::holds_alternative<call::Accepted>(record.payload) && record.actor.user == query.user &&
      record.actor.device != query.device) {
    const bool on = take(AnsweredElsewhere{call::RoomName::clipped(record.stream.name.view()),
                                           record.call, record.position});
    go_on = go_on && on;
  }
  return go_on;
}

}  // namespace

std::vector<Fingerprint> addresses_of(const Mailbox& mailbox, const MailQuery& query) {
  std::vector<Fingerprint> addresses;
  if (query.room) addresses.push_back(mailbox.room(query.tenant, *query.room));
  if (query.only && query.room) return addresses;
  addresses.push_back(mailbox.calls(query.tenant, query.user));
  if (query.presence && !query.only) addresses.push_back(mailbox.own(query.tenant, query.user));
  return addresses;
}

std::expected<call::Position, Failure> read_mail(const Mailbox& mailbox, const LogReader& log,
                                                 const MailQuery& query, call::Position after,
                                                 call::Position upto, std::size_t max,
                                                 const TakeMail& take) {
  const auto positions = mailbox.find(addresses_of(mailbox, query), after, upto, max);
  if (positions.empty()) return upto;
  call::Position cursor = positions.size() == max ? positions.back() : upto;
  const bool filter = query.only && !query.room;
  auto read = log.read_at(positions, [&](const call::Record& record, const RecordHash&) {
    // The addresses are of this tenant alone; that is the log's to say as well.
    const bool wanted = record.stream.tenant == query.tenant &&
                        record.outcome == call::Outcome::applied &&
                        (!filter || is_of(record, *query.only));
    if (!wanted || hand_over(query, record, take)) return true;
    if (record.position != positions.back()) cursor = record.position;
    return false;
  });
  if (!read) return std::unexpected(read.error());
  return cursor;
}

std::expected<Mail, Failure> read_mail(const Mailbox& mailbox, const LogReader& log,
                                       const MailQuery& query, call::Position after,
                                       call::Position upto, std::size_t max) {
  Mail mail;
  const auto cursor =
      read_mail(mailbox, log, query, after, upto, max, [&mail](const ServerMessage& message) {
        mail.messages.push_back(message);
        return true;
      });
  if (!cursor) return std::unexpected(cursor.error());
  mail.cursor = *cursor;
  return mail;
}

}  // namespace callstate::engine
