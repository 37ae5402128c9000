#include "projections/postgres/detail/store.hpp"

#include <algorithm>
#include <utility>

#include "projections/postgres/detail/migrate.hpp"
#include "projections/postgres/detail/shadow.hpp"
#include "projections/postgres/detail/text.hpp"
#include "projections/postgres/detail/transaction.hpp"

namespace callstate::projections::postgres {
namespace {

/// The commit does not wait for the disk. What a crash of PostgreSQL undoes is undone
/// with its checkpoint, and made anew from there; and the log's own writes, on the same
/// disk perhaps, do not wait behind it.
constexpr std::string_view soon_durable = "SET LOCAL synchronous_commit TO off;";

/// How many of `count` there are before the first that `fails` with itself among
/// those looked at; `count` where none does.
std::size_t before_first(std::size_t count,
                         const std::function<bool(std::size_t, std::size_t)>& fails) {
  if (!fails(0, count)) return count;
  std::size_t begin = 0;
  while (count - begin > 1) {
    const auto middle = begin + (count - begin) / 2;
    if (fails(begin, middle)) {
      count = middle;
    } else {
      begin = middle;
    }
  }
  return begin;
}

/// What no id is below, where there is none.
call::CallId lowest(const std::set<call::CallId>& ids) {
  if (!ids.empty()) return *ids.begin();
  call::CallId none;
  none.bytes.fill(0xFF);
  return none;
}

}  // namespace

Store::Store(const Settings& settings, const Tables& tables, PayloadText payload,
             const std::string& log_id, const Judge& judge)
    : settings_(settings), tables_(tables), connection_(settings, "callstate") {
  migrate(connection_, settings);
  check_columns(connection_, settings);
  if (&tables == &shadow_tables()) make_shadow_tables(connection_);
  {
    pqxx::work work(connection_.raw());
    auto at = judge(work, locked(work, tables, log_id));
    live_ = live_calls(work, tables, at.live_from);
    for (const auto& row : live_) live_ids_.insert(row.id);
    at.live_from = lowest(live_ids_);
    checkpoint_ = taken_over(work, tables, at);
    skipped_ = skipped_records(work);
    work.commit();
  }
  writer_ = std::make_unique<RowWriter>(connection_, tables, std::move(payload));
}

call::CallId Store::lowest_live(const history::Changes& changes) {
  for (const auto& row : changes.calls) {
    if (history::is_live(row.status)) {
      live_ids_.insert(row.id);
    } else {
      live_ids_.erase(row.id);
    }
  }
  return lowest(live_ids_);
}

void Store::moved(pqxx::transaction_base& work, const pqxx::result& result, call::Position to) {
  if (result.affected_rows() != 1) explain_lost(work, tables_, checkpoint_);
  checkpoint_.position = to;
}

void Store::apply(const history::Changes& changes) {
  const auto before = checkpoint_;
  try {
    Transaction transaction(connection_.raw());
    auto& work = transaction.work();
    moved(work,
          transaction.first(text(soon_durable, advance(work, tables_, checkpoint_, changes.position,
                                                       lowest_live(changes)))),
          changes.position);
    transaction.last(writer_->write(work, changes, before.position));
  } catch (const pqxx::data_exception& error) {
    checkpoint_ = before;
    find_poison(changes, error.what());
    throw;
  }
}

void Store::apply_within(pqxx::transaction_base& work, const history::Changes& changes) {
  const auto before = checkpoint_;
  moved(work,
        work.exec(advance(work, tables_, checkpoint_, changes.position, lowest_live(changes))),
        changes.position);
  if (const auto rest = writer_->write(work, changes, before.position); !rest.empty())
    work.exec(rest);
  writer_->forget_staged(work);
}

void Store::find_poison(const history::Changes& changes, const std::string& words) {
  check_columns(connection_, settings_);  // of a changed table every row is poison
  const auto fails = [&](const auto& rows, auto copy) {
    return before_first(rows.size(), [&](std::size_t begin, std::size_t end) {
      try {
        pqxx::work work(connection_.raw());
        copy(work, std::span(rows).subspan(begin, end - begin));
        return false;
      } catch (const pqxx::data_exception&) {
        return true;
      }
    });
  };
  auto position = call::Position{0};
  const auto event =
      fails(changes.events, [&](auto& work, auto some) { writer_->copy_events(work, some); });
  if (event < changes.events.size()) {
    position = changes.events[event].record.position;
  } else {
    std::vector<const history::CallRow*> calls;
    for (const auto& row : changes.calls) calls.push_back(&row);
    const auto row = fails(calls, [&](auto& work, auto some) { writer_->stage_calls(work, some); });
    if (row < calls.size()) position = calls[row]->changed_position;
  }
  if (position == 0) return;
  refuse(Trouble::Kind::poison,
         text("PostgreSQL cannot hold what the log has at position ", std::to_string(position),
              " (", words.substr(0, words.find('\n')),
              "): mend what made it, or go beyond it (callstate projection skip)"),
         position);
}

void Store::skip(call::Position position, const std::string& reason, call::Time at) {
  if (position != checkpoint_.position + 1) {
    refuse(Trouble::Kind::lasting,
           text("position ", std::to_string(position),
                " cannot be skipped: the rows in PostgreSQL are at ",
                std::to_string(checkpoint_.position), ", so that the next is ",
                std::to_string(checkpoint_.position + 1)));
  }
  pqxx::work work(connection_.raw());
  moved(work, work.exec(advance(work, tables_, checkpoint_, position, lowest(live_ids_))),
        position);
  work.exec(text(R"(INSERT INTO "ProjectionSkip" VALUES ('postgres', )", std::to_string(position),
                 ", ", literal(work, reason), ", '", timestamp(at), "') ON CONFLICT DO NOTHING"));
  work.commit();
}

}  // namespace callstate::projections::postgres
