#pragma once

#include <functional>
#include <optional>

#include "core/engine/engine.hpp"
#include "core/history/ports.hpp"
#include "storage/seal_key.hpp"
#include "storage/store.hpp"
#include "transports/http.hpp"

namespace callstate::tools {

/// GET /v1/calls/{call}/evidence, for AUDITOR and SERVICE: what proves a call of their
/// own tenant. What of it is not sealed yet is sealed first. On the handler thread.
class EvidenceService {
 public:
  struct Parts {
    const storage::Store& store;
    engine::Engine& engine;
    const history::HistoryReader* history;  // null: none is kept, and the log is searched
    const storage::PublicKey* key;          // null: seals are not signed
    bool seals;                             // whether any are made
  };
  explicit EvidenceService(const Parts& parts) : parts_(parts) {}

  /// Nothing: another path.
  [[nodiscard]] std::optional<transports::HttpResponse> answer(
      const transports::HttpRequest& request) const;

 private:
  [[nodiscard]] transports::HttpResponse show(const call::TenantId& tenant,
                                              const call::CallId& call) const;

  const Parts parts_;
};

}  // namespace callstate::tools
