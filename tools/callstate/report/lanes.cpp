#include "tools/callstate/report/lanes.hpp"

#include <algorithm>

namespace callstate::tools {
namespace {

bool acts(const Entry& entry) {
  return entry.shown && entry.record.actor.role != call::Role::system;
}

void add_user(std::vector<call::UserId>& users, const call::UserId& user) {
  if (std::ranges::find(users, user) == users.end()) users.push_back(user);
}

std::vector<call::UserId> people_of(const Chapter& chapter) {
  std::vector<call::UserId> users;
  if (chapter.has_call()) {
    for (const auto& participant : chapter.room.participants) add_user(users, participant.user);
  }
  for (const auto& entry : chapter.entries) {
    if (acts(entry)) add_user(users, entry.record.actor.user);
  }
  return users;
}

/// The devices with which the user has acted; a nameless one where there are none.
std::vector<Lane> devices_of(const Chapter& chapter, const call::UserId& user) {
  std::vector<Lane> lanes;
  for (const auto& entry : chapter.entries) {
    const auto& actor = entry.record.actor;
    if (!acts(entry) || actor.user != user) continue;
    if (std::ranges::find(lanes, actor.device, &Lane::device) == lanes.end()) {
      lanes.push_back({.user = user, .device = actor.device});
    }
  }
  if (lanes.empty()) lanes.push_back({.user = user, .device = {}});
  return lanes;
}

}  // namespace

Lanes::Lanes(const Chapter& chapter, std::size_t lanes_max) {
  const auto users = people_of(chapter);
  for (const auto& user : users) {
    for (auto& lane : devices_of(chapter, user)) lanes_.push_back(lane);
  }
  if (lanes_.size() <= lanes_max) return;
  lanes_.clear();
  for (const auto& user : users) {
    lanes_.push_back({.user = user, .device = {}, .whole_user = true});
  }
  if (lanes_.size() <= lanes_max) return;
  others_ = lanes_.size() - lanes_max;
  lanes_.resize(lanes_max);
}

std::size_t Lanes::of(const call::Actor& actor) const {
  const auto lane = std::ranges::find_if(lanes_, [&](const Lane& each) {
    return each.user == actor.user && (each.whole_user || each.device == actor.device);
  });
  // Whoever has no lane has the last one's.
  return lane == lanes_.end() ? lanes_.size() - 1 : static_cast<std::size_t>(lane - lanes_.begin());
}

std::vector<std::size_t> Lanes::of(const call::UserId& user) const {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    if (lanes_[i].user == user) found.push_back(i);
  }
  if (found.empty() && others_ > 0) found.push_back(lanes_.size() - 1);
  return found;
}

}  // namespace callstate::tools
