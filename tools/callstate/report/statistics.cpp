#include "tools/callstate/report/statistics.hpp"

#include <string_view>
#include <utility>
#include <variant>

#include "core/call/evolve.hpp"

namespace callstate::tools {
namespace {

/// The counter of that name.
template <class Map>
auto& slot(Map& map, std::string_view name) {
  const auto found = map.find(name);
  return found != map.end() ? found->second : map[std::string(name)];
}

std::string key_of(const call::TenantId& tenant, const call::UserId& name) {
  std::string key(tenant.view());
  key.append(1, '\0').append(name.view());
  return key;
}

}  // namespace

void StatisticsCounter::take(const call::Record& record) {
  if (counted_.head == 0) counted_.first_at = record.at;
  counted_.head = record.position;
  counted_.last_at = record.at;
  const auto outcome = static_cast<std::size_t>(record.outcome);
  ++slot(counted_.by_type, type_of(record.payload))[outcome];
  ++counted_.total[outcome];
  if (record.outcome == call::Outcome::refused) ++slot(counted_.refusals, name_of(record.refusal));

  const call::TenantId& tenant = record.stream.tenant;
  if (!tenant.empty()) tenants_.emplace(tenant.view());
  switch (record.stream.kind) {
    case call::StreamKind::room:
      take_in_room(record);
      return;
    case call::StreamKind::user:
      users_.insert(key_of(tenant, record.stream.name));
      return;
    case call::StreamKind::server:
      return;
  }
}

Statistics StatisticsCounter::finish() && {
  for (const auto& [key, room] : live_) ++slot(counted_.calls_by_status, call_status(room));
  counted_.tenants = tenants_.size();
  counted_.rooms = rooms_.size();
  counted_.users = users_.size();
  return std::move(counted_);
}

void StatisticsCounter::take_in_room(const call::Record& record) {
  const call::TenantId& tenant = record.stream.tenant;
  std::string key = key_of(tenant, record.stream.name);
  if (record.actor.role != call::Role::system) users_.insert(key_of(tenant, record.actor.user));
  if (const auto* started = std::get_if<call::CallStarted>(&record.payload)) {
    for (const auto& callee : started->callees) users_.insert(key_of(tenant, callee));
    if (record.outcome == call::Outcome::applied) {
      ++counted_.calls;
      live_[key];
    }
  }
  // Of an ended call nothing more is to be learnt.
  if (const auto room = live_.find(key); room != live_.end()) {
    call::evolve(room->second, record);
    if (!room->second.live()) {
      ++slot(counted_.calls_by_status, call_status(room->second));
      live_.erase(room);
    }
  }
  rooms_.insert(std::move(key));
}

std::expected<Statistics, engine::Failure> count_log(const engine::LogReader& log) {
  StatisticsCounter counter;
  const auto read =
      log.read(1, log.head(), [&](const call::Record& record, const engine::RecordHash&) {
        counter.take(record);
        return true;
      });
  if (!read) return std::unexpected(read.error());
  return std::move(counter).finish();
}

}  // namespace callstate::tools
