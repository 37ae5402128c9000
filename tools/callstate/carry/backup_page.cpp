#include "tools/callstate/carry/backup_page.hpp"

#include "tools/callstate/report/numbers.hpp"
#include "tools/callstate/report/table.hpp"
#include "tools/callstate/report/times.hpp"
#include "transports/json_concat.hpp"
#include "transports/json_writer.hpp"

namespace callstate::tools {
namespace {

using transports::concat;

std::string what_is_in(const storage::Backup& backup) {
  return concat(
      "Log ", backup.log_id, ", positions ", grouped(backup.first), " to ", grouped(backup.head),
      backup.head == 0 ? std::string() : ", the last of " + write_time(backup.last_at) + " UTC");
}

/// What a restored log lacks, for whom.
std::string what_is_lost(const storage::Backup& backup) {
  const auto head = grouped(backup.head);
  return concat(
      "What was acknowledged after position ", head, " is not in it:\n",
      "  - calls that began since are gone, and those that were live then are live again until "
      "their deadlines, which the server acts on when it starts\n",
      "  - a client that comes back with a cursor beyond ", head,
      " is answered INVALID_MESSAGE and shown the present: what it remembers of since is void\n",
      "  - a message that was sent since may be sent again, and is taken as new\n",
      "  - users that were revoked since are not: revoke them again\n",
      "  - rows in PostgreSQL are ahead: `callstate projection rebuild postgres`; the index of "
      "past "
      "calls is made anew by itself, and webhooks begin with what happens next\n");
}

}  // namespace

std::string render_backup(BackupDeed deed, const std::string& where,
                          const storage::Backup& backup) {
  const std::string dir = printable(where);
  std::string text = what_is_in(backup);
  const std::string files = concat(count_of(backup.files, "file"), ", ", bytes_of(backup.bytes));
  switch (deed) {
    case BackupDeed::made:
      text += concat(", backed up to ", dir, " and verified (", files);
      if (backup.linked > 0) {
        text += concat("; ", count_of(backup.linked, "table"),
                       " by hard links, which the same disk holds");
      }
      return text + ").\n";
    case BackupDeed::verified:
      return concat(text, ": the backup in ", dir, " is sound (", files, ").\n");
    case BackupDeed::restored:
      return concat(text, ", restored to ", dir, " (", files, ").\n", what_is_lost(backup));
  }
  return text;
}

std::string backup_json(const std::string& where, const storage::Backup& backup) {
  std::string text;
  transports::JsonWriter to(text);
  to.begin_object();
  to.text("directory", where);
  to.text("logId", backup.log_id);
  to.number("head", backup.head);
  if (backup.head > 0) to.time("lastAt", backup.last_at);
  to.number("files", backup.files);
  to.number("linked", backup.linked);
  to.number("bytes", backup.bytes);
  to.end_object();
  text.push_back('\n');
  return text;
}

}  // namespace callstate::tools
