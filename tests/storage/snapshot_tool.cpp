// For tests/e2e/complaints.test.mjs, of a stopped server:
//   snapshot_tool <data directory> <tenant> <room> …
// leaves snapshots as a build of other rules would, in whose eyes all of these
// rooms are in another call than they are.

#include <iostream>
#include <span>

#include "sample_states.hpp"
#include "storage/store.hpp"

using namespace callstate;

int main(int argc, char** argv) {
  const std::span<char*> arguments(argv, static_cast<std::size_t>(argc));
  if (arguments.size() < 4) {
    std::cerr << "snapshot_tool <data directory> <tenant> <room> …\n";
    return 2;
  }
  call::Hash rules{};
  rules.fill(1);
  auto store =
      storage::Store::open({.path = arguments[1], .create_if_missing = false, .reducer = rules});
  if (!store) {
    std::cerr << store.error().message << '\n';
    return 1;
  }
  const auto head = (*store)->reader().head();
  auto& snapshots = (*store)->snapshots();
  engine::SnapshotStore::Mark mark{.position = head};
  for (const char* name : arguments.subspan(3)) {
    const call::Stream stream{call::StreamKind::room, call::TenantId::clipped(arguments[2]),
                              call::UserId::clipped(name)};
    auto room = storage::testing::sample_room();
    room.position = head;
    snapshots.put(stream, room);
    mark.live.push_back(stream);
  }
  snapshots.mark(std::move(mark));
  return 0;
}
