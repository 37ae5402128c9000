#include "storage/raw_database.hpp"

#include <stdexcept>

#include "storage/detail/options.hpp"

namespace callstate::storage::testing {

void change_behind_its_back(const std::filesystem::path& path,
                            const std::function<void(Database&)>& change) {
  Database database;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const auto status = rocksdb::DB::Open(database_options(rocksdb::Env::Default()), path.string(),
                                        family_options(), &handles, &db);
  if (!status.ok()) throw std::runtime_error(status.ToString());
  database.db.reset(db);
  database.unused = handles[0];
  database.log = handles[1];
  database.snapshot = handles[2];
  database.meta = handles[3];
  change(database);
}

}  // namespace callstate::storage::testing
