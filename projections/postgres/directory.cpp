#include "projections/postgres/directory.hpp"

#include <utility>

#include "projections/postgres/detail/directory_pool.hpp"

namespace callstate::projections::postgres {

std::vector<std::string> DirectorySettings::default_queries() {
  return {"SELECT tenant_id, 'CRM_USER', name FROM users WHERE supabase_user_id = $1",
          "SELECT tenant_id, 'PORTAL_CUSTOMER', name FROM portal_customers "
          "WHERE supabase_user_id = $1"};
}

PostgresDirectory::PostgresDirectory(DirectorySettings settings, Now now)
    : cache_(std::make_unique<DirectoryCache>(settings.cached_max)),
      pool_(std::make_unique<DirectoryPool>(std::move(settings), *cache_, std::move(now))) {}

PostgresDirectory::~PostgresDirectory() = default;

std::optional<engine::Profile> PostgresDirectory::cached(const call::UserId& user) {
  return pool_->fresh(user);
}

std::optional<engine::Profile> PostgresDirectory::remembered(const call::UserId& user) {
  return pool_->remembered(user);
}

void PostgresDirectory::look_up(const call::UserId& user, Callback done) {
  pool_->look_up(user, std::move(done));
}

DirectoryCounts PostgresDirectory::counts() const {
  return pool_->counts();
}

}  // namespace callstate::projections::postgres
