#include "projections/postgres/detail/directory_pool.hpp"

#include <algorithm>
#include <utility>

namespace callstate::projections::postgres {
namespace {

using engine::Directory;
using engine::Profile;

std::string statement(std::size_t number) {
  return "user_" + std::to_string(number);
}

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

std::unique_ptr<Connection> connected(const Settings& settings,
                                      const std::vector<std::string>& queries) {
  auto connection = std::make_unique<Connection>(settings, "callstate directory", SearchPath::user);
  for (std::size_t i = 0; i < queries.size(); ++i) {
    connection->raw().prepare(statement(i), queries[i]);
  }
  return connection;
}

std::unexpected<Directory::Failure> unknown(std::string message) {
  return std::unexpected(Directory::Failure{Directory::Refusal::unknown, std::move(message)});
}

}  // namespace

DirectoryPool::DirectoryPool(DirectorySettings settings, DirectoryCache& cache,
                             PostgresDirectory::Now now)
    : settings_(std::move(settings)),
      connect_{.connection = settings_.connection,
               .connect_timeout = settings_.connect_timeout,
               .statement_timeout = settings_.statement_timeout,
               .step_timeout = settings_.answer_timeout,
               .use = Settings::Use::directory,
               .cutter = std::make_shared<Cutter>()},
      cache_(cache),
      now_(std::move(now)) {
  for (std::size_t i = 0; i < settings_.connections; ++i) {
    threads_.emplace_back([this] { work(); });
  }
}

DirectoryPool::~DirectoryPool() {
  {
    const std::scoped_lock lock(mutex_);
    stopping_ = true;
  }
  more_.notify_all();
  connect_.cutter->end({});
  for (auto& thread : threads_) thread.join();
  const auto waiting = std::exchange(waiting_, {});
  for (const auto& [user, callbacks] : waiting) {
    for (const auto& done : callbacks) done(without_database(user, "it is being stopped"));
  }
}

std::optional<Profile> DirectoryPool::fresh(const call::UserId& user) {
  return cache_.find(user, now_() - settings_.fresh_for);
}

std::optional<Profile> DirectoryPool::remembered(const call::UserId& user) {
  return cache_.find(user, now_() - settings_.stale_max);
}

void DirectoryPool::look_up(const call::UserId& user, Callback done) {
  if (const auto known = fresh(user)) return done(*known);
  const auto before = remembered(user);
  std::string why;
  {
    const std::scoped_lock lock(mutex_);
    const bool may_ask = waiting_.contains(user) || waiting_.size() < settings_.waiting_max;
    const bool in_trouble = pause_ > std::chrono::milliseconds{};
    if (in_trouble && now_() < leave_alone_until_) {
      why = trouble_;
    } else if (!may_ask) {
      why = "too many look-ups wait for it";
    } else if (in_trouble && before) {
      // Whether it is well again is found out without making anybody wait who is known.
      enqueue(user, {});
    } else {
      return enqueue(user, std::move(done));
    }
  }
  done(without_database(user, why));
}

void DirectoryPool::enqueue(const call::UserId& user, Callback done) {
  const auto [waiting, is_new] = waiting_.try_emplace(user);
  if (done) waiting->second.push_back(std::move(done));
  if (!is_new) return;
  queue_.push_back(user);
  more_.notify_one();
}

void DirectoryPool::work() {
  std::unique_ptr<Connection> connection;
  std::unique_lock lock(mutex_);
  while (true) {
    more_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    const auto user = queue_.front();
    queue_.pop_front();
    lock.unlock();
    const auto answer = ask(connection, user);
    lock.lock();
    const auto callbacks = std::move(waiting_.extract(user).mapped());
    lock.unlock();
    for (const auto& done : callbacks) done(answer);
    lock.lock();
  }
}

DirectoryPool::Answer DirectoryPool::ask(std::unique_ptr<Connection>& connection,
                                         const call::UserId& user) {
  const auto one = [&]() -> std::optional<Answer> {
    if (!connection) connection = connected(connect_, settings_.queries);
    for (std::size_t i = 0; i < settings_.queries.size(); ++i) {
      pqxx::nontransaction work(connection->raw());
      try {
        const auto rows = work.exec_prepared(statement(i), std::string(user.view()));
        if (!rows.empty()) return found(user, rows[0]);
      } catch (const pqxx::data_exception&) {
        // An id that the column's type cannot even hold is nobody's.
      }
    }
    return std::nullopt;
  };
  auto asked = limited(connect_, one);
  if (!asked && std::exchange(connection, nullptr) &&
      asked.error().kind == Trouble::Kind::passing) {
    asked = limited(connect_, one);  // an old connection may have died in the meantime
  }
  if (!asked) {
    connection.reset();
    in_trouble(asked.error());
    return without_database(user, asked.error().message);
  }
  const std::scoped_lock lock(mutex_);
  ++counts_.asked;
  pause_ = {};
  if (!*asked) *asked = unknown("the directory has no user with this id");
  // Who is refused now is not to get in by what was known before, once it is away.
  if (!**asked) cache_.forget(user);
  return **asked;
}

DirectoryPool::Answer DirectoryPool::found(const call::UserId& user, const pqxx::row& row) {
  if (row.size() < 3) return unknown("the directory's query must give tenant, role and name");
  Profile profile;
  const auto tenant = call::TenantId::from(row[0].c_str());
  const auto role = call::parse_role(row[1].c_str());
  if (!tenant || tenant->empty()) return unknown("the directory gives the user no tenant");
  if (std::ranges::any_of(tenant->view(), is_control))
    return unknown("the directory gives the user a tenant with control characters");
  if (!role) {
    return unknown("the directory gives the user the role '" + std::string(row[1].c_str()) +
                   "', which is none");
  }
  profile.tenant = *tenant;
  profile.role = *role;
  profile.name = row[2].c_str();
  cache_.put(user, profile, now_());
  return profile;
}

void DirectoryPool::in_trouble(const Trouble& trouble) {
  const std::scoped_lock lock(mutex_);
  ++counts_.troubles;
  trouble_ = trouble.message;
  pause_ = std::clamp(pause_ * 2, settings_.pause_first, settings_.pause_max);
  leave_alone_until_ = now_() + pause_;
}

DirectoryPool::Answer DirectoryPool::without_database(const call::UserId& user,
                                                      const std::string& why) {
  const auto known = cache_.find(user, now_() - settings_.stale_max);
  const std::scoped_lock lock(mutex_);
  if (known) {
    ++counts_.stale;
    return *known;
  }
  ++counts_.unavailable;
  return std::unexpected(
      Directory::Failure{Directory::Refusal::unavailable, "the directory cannot be asked: " + why});
}

DirectoryCounts DirectoryPool::counts() const {
  const auto cached = cache_.size();
  const std::scoped_lock lock(mutex_);
  auto counts = counts_;
  counts.cached = cached;
  return counts;
}

}  // namespace callstate::projections::postgres
