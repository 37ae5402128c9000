#include "tools/callstate/evidence_service.hpp"

#include <chrono>

#include "tools/callstate/evidence/compose.hpp"
#include "tools/callstate/evidence/evidence.hpp"

namespace callstate::tools {
namespace {

constexpr std::chrono::seconds seal_wait{5};
// A second or two: the handler thread answers others too.
constexpr std::uint64_t read_max = 4'000'000;
constexpr std::size_t page = 1'000;

transports::HttpResponse refusal_of(const NoEvidence& none) {
  switch (none.why) {
    case NoEvidence::Why::no_call:
      return transports::problem(404, {}, "there is no such call");
    case NoEvidence::Why::outlived:
      return transports::problem(410, "CURSOR_EXPIRED", none.message);
    case NoEvidence::Why::unusable:
      break;
  }
  return transports::problem(503, "STORAGE_UNAVAILABLE", none.message);
}

/// Where the history says that its records are. What it does not know yet is looked
/// for in the log.
EvidenceWanted wanted_of(const history::HistoryReader* history, const call::TenantId& tenant,
                         const call::CallId& call, call::Position head) {
  EvidenceWanted wanted{.call = call, .tenant = tenant, .read_max = read_max};
  if (history == nullptr || history->position() < head) return wanted;
  call::Position last = 0;
  for (;;) {
    const auto positions = history->events(tenant, call, last, page);
    if (!positions || (last == 0 && positions->empty())) return wanted;
    if (positions->empty()) break;
    if (last == 0) wanted.first = positions->front();
    last = positions->back();
  }
  wanted.last = last;
  return wanted;
}

}  // namespace

std::optional<transports::HttpResponse> EvidenceService::answer(
    const transports::HttpRequest& request) const {
  const auto& path = request.segments;
  const auto is = [&](std::size_t at, std::string_view word) { return path[at] == word; };
  if (path.size() != 4 || !is(0, "v1") || !is(1, "calls") || !is(3, "evidence")) {
    return std::nullopt;
  }
  if (!request.identity) {
    return transports::unauthenticated(request);
  }
  if (request.identity->role != call::Role::auditor &&
      request.identity->role != call::Role::service) {
    return transports::problem(403, "FORBIDDEN", "this needs the role AUDITOR or SERVICE");
  }
  if (request.method != "GET" && request.method != "HEAD") {
    auto refusal = transports::problem(405, "INVALID_MESSAGE", "this path takes GET and HEAD");
    refusal.fields.emplace_back("Allow", "GET, HEAD");
    return refusal;
  }
  const auto call = call::parse_call_id(path[2]);
  if (!call) {
    return transports::problem(400, "INVALID_MESSAGE", "the call's id must be a UUID");
  }
  return show(request.identity->tenant, *call);
}

transports::HttpResponse EvidenceService::show(const call::TenantId& tenant,
                                               const call::CallId& call) const {
  const auto& log = parts_.store.reader();
  const auto wanted = wanted_of(parts_.history, tenant, call, log.head());
  const std::span<const storage::PublicKey> keys(parts_.key, parts_.key == nullptr ? 0U : 1U);
  auto evidence = compose_evidence(log, parts_.store.log_id(), wanted, keys);
  if (!evidence) return refusal_of(evidence.error());
  if (parts_.seals && evidence->unsealed() > 0 &&
      parts_.engine.seal_up_to(evidence->records.back().position, seal_wait)) {
    evidence = compose_evidence(log, parts_.store.log_id(), wanted, keys);
    if (!evidence) return refusal_of(evidence.error());
  }
  transports::HttpResponse response;
  response.body = write_evidence(*evidence);
  response.fields.emplace_back("Cache-Control", "no-store");
  return response;
}

}  // namespace callstate::tools
