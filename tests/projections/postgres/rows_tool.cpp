// rows_tool: a PostgreSQL with the rows of random calls, for tests in other languages.
// Writes one JSON line about it, and ends with its standard input.

#include <cstdio>
#include <iostream>

#include "projections/postgres/fixture.hpp"

int main() {
  using namespace callstate;
  using namespace callstate::projections::postgres;
  Cluster cluster;
  cluster.start();
  const auto database = cluster.create_database();
  support::MemoryLog log;
  append(log, random_records(41, 9, 1'500));
  const auto status = Following({.connection = cluster.connection(database)}, log).run();
  if (status.lag_records != 0) {
    std::fprintf(stderr, "%s\n", status.trouble ? status.trouble->message.c_str() : "not level");
    return 1;
  }
  const auto expected = expected_tables(log.all());
  std::printf(R"({"host":"%s","database":"%s","calls":%zu,"events":%zu,"position":%llu})"
              "\n",
              cluster.folder().c_str(), database.c_str(), expected.calls.size(),
              expected.events.size(), static_cast<unsigned long long>(log.head()));
  std::fflush(stdout);
  for (std::string line; std::getline(std::cin, line);) {
  }
  return 0;
}
