#include "tools/callstate/report/player.hpp"

#include <algorithm>
#include <ranges>

#include "core/call/evolve.hpp"
#include "core/engine/beginning.hpp"

namespace callstate::tools {
namespace {

std::string key_of(const call::Stream& stream) {
  std::string key(1, static_cast<char>('0' + static_cast<int>(stream.kind)));
  key.append(stream.tenant.view()).append(1, '\0').append(stream.name.view());
  return key;
}

bool starts_server(const call::Record& record) {
  return std::holds_alternative<call::ServerStarted>(record.payload);
}

/// Whether a start of the server changes it.
bool heeds_start(const StreamState& state) {
  return state.stream.kind == call::StreamKind::room ? state.room.live() : state.user.online;
}

}  // namespace

Player::Player(const engine::LogReader& log, std::optional<std::vector<call::Position>> positions,
               const Memory& memory, Concerns concerns)
    : log_(log),
      positions_(std::move(positions)),
      beginning_(log.beginning()),
      memory_(memory),
      concerns_(std::move(concerns)),
      size_(positions_ ? positions_->size() : kept_before() + log.head() + 1 - log.first()),
      begun_(beginning_ == nullptr),
      steps_between_(memory.steps_between) {
  if (memory_.steps_between > 0) kept_.push_back({.at = 0, .states = {}, .begun = begun_});
}

std::size_t Player::kept_before() const {
  return beginning_ == nullptr ? 0 : beginning_->kept.size();
}

const call::Room* Player::room() const {
  if (state_ == nullptr || state_->stream.kind != call::StreamKind::room) return nullptr;
  return &state_->room;
}

call::Position Player::position_of(std::size_t step) const {
  if (positions_) return (*positions_)[step - 1];
  const auto kept = kept_before();
  return step <= kept ? beginning_->kept[step - 1] : log_.first() + (step - kept) - 1;
}

std::size_t Player::step_of(call::Position position) const {
  const auto steps_in = [position](const std::vector<call::Position>& positions) {
    const auto after = std::ranges::upper_bound(positions, position);
    return static_cast<std::size_t>(after - positions.begin());
  };
  if (positions_) return steps_in(*positions_);
  const auto first = log_.first();
  if (position >= first) {
    return std::min<std::size_t>(kept_before() + (position - first) + 1, size_);
  }
  return beginning_ == nullptr ? 0 : steps_in(beginning_->kept);
}

Player::Result Player::read(std::size_t from, std::size_t to,
                            const engine::LogReader::Each& each) const {
  if (from > to) return {};
  if (!positions_) return log_.read(position_of(from), position_of(to), each);
  return log_.read_at(std::span(*positions_).subspan(from - 1, to - from + 1), each);
}

void Player::change(const std::string& key, const call::Record& record, const call::Hash& hash,
                    Undo& undo) {
  Kept& slot = states_[key];
  if (memory_.undo_steps > 0) undo.states.emplace_back(key, slot);
  // In place where nobody else holds it.
  std::shared_ptr<StreamState> next;
  if (slot != nullptr && slot.use_count() == 1) {
    next = std::const_pointer_cast<StreamState>(slot);
  } else {
    next = slot == nullptr ? std::make_shared<StreamState>() : std::make_shared<StreamState>(*slot);
  }
  if (slot == nullptr) next->stream = record.stream;
  const bool of_room = next->stream.kind == call::StreamKind::room;
  of_room ? call::evolve(next->room, record) : call::evolve(next->user, record);
  if (record.stream.kind != call::StreamKind::server) {
    (of_room ? next->room.chain : next->user.chain) = hash;
  }
  slot = std::move(next);
}

void Player::begin(Undo& undo) {
  begun_ = true;
  undo.began = true;
  for (const auto& [name, kept] : beginning_->states) {
    const auto* room = std::get_if<call::Room>(&kept.state);
    // Whose a name at the media server is: of no stream.
    if (room != nullptr && kept.stream.tenant.empty()) continue;
    if (kept.stream.kind == call::StreamKind::server) continue;
    if (concerns_ && !concerns_(kept.stream)) continue;
    const auto key = key_of(kept.stream);
    auto state = std::make_shared<StreamState>();
    state->stream = kept.stream;
    if (room != nullptr) {
      state->room = *room;
    } else {
      state->user = std::get<call::User>(kept.state);
    }
    Kept& slot = states_[key];
    if (memory_.undo_steps > 0) undo.states.emplace_back(key, slot);
    slot = std::move(state);
  }
}

void Player::take(const call::Record& record, const call::Hash& hash) {
  Undo undo;
  state_.reset();
  before_.reset();
  if (!begun_ && record.position >= beginning_->first) begin(undo);
  if (record.stream.kind != call::StreamKind::server) {
    const auto key = key_of(record.stream);
    if (memory_.undo_steps > 0) {
      const auto found = states_.find(key);
      if (found != states_.end()) before_ = found->second;
    }
    change(key, record, hash, undo);
    state_ = states_[key];
  } else if (starts_server(record)) {
    for (auto& [key, state] : states_) {
      if (heeds_start(*state)) change(key, record, hash, undo);
    }
    // Where only one room is looked at, it is that one's too.
    if (positions_ && states_.size() == 1) state_ = states_.begin()->second;
  }
  current_.record = record;
  current_.hash = hash;
  current_.before = before_ == nullptr ? call::CallState::idle : before_->room.state;
  ++at_;
  if (memory_.undo_steps > 0) {
    undo_.push_back(std::move(undo));
    if (undo_.size() > memory_.undo_steps) undo_.pop_front();
  }
  keep();
}

void Player::keep() {
  if (steps_between_ == 0 || at_ % steps_between_ != 0 || kept_.back().at >= at_) return;
  // Room for one more: every second goes, and they are as far apart from now on.
  while (kept_.size() > 1 && entries_kept_ + states_.size() > memory_.entries_max) {
    steps_between_ *= 2;
    std::erase_if(kept_, [&](const Checkpoint& each) { return each.at % steps_between_ != 0; });
    entries_kept_ = 0;
    for (const auto& each : kept_) entries_kept_ += each.states.size();
  }
  if (at_ % steps_between_ != 0) return;
  entries_kept_ += states_.size();
  kept_.push_back({at_, states_, begun_});
}

void Player::restore(const Checkpoint& checkpoint) {
  states_ = checkpoint.states;
  begun_ = checkpoint.begun;
  at_ = checkpoint.at;
  undo_.clear();
  state_.reset();
  before_.reset();
}

void Player::take_back() {
  if (undo_.back().began) begun_ = false;
  for (auto& [key, state] : std::views::reverse(undo_.back().states)) {
    if (state == nullptr) {
      states_.erase(key);
    } else {
      states_[key] = std::move(state);
    }
  }
  undo_.pop_back();
  --at_;
}

Player::Result Player::look_at_present() {
  state_.reset();
  before_.reset();
  if (at_ == 0) return {};
  return read(at_, at_, [&](const call::Record& record, const engine::RecordHash& hash) {
    current_.record = record;
    current_.hash = hash;
    const auto found = states_.find(key_of(record.stream));
    if (found != states_.end()) state_ = found->second;
    if (!undo_.empty()) {
      for (const auto& [key, state] : undo_.back().states) {
        if (found != states_.end() && key == found->first) before_ = state;
      }
    }
    if (state_ == nullptr && positions_ && states_.size() == 1) state_ = states_.begin()->second;
    current_.before = before_ == nullptr ? call::CallState::idle : before_->room.state;
    return true;
  });
}

std::expected<bool, engine::Failure> Player::advance(std::size_t steps, const Stop& stop) {
  bool stopped = false;
  const std::size_t to = at_ + std::min(steps, size_ - at_);
  const auto done =
      read(at_ + 1, to, [&](const call::Record& record, const engine::RecordHash& hash) {
        take(record, hash);
        stopped = stop && stop(*this);
        return !stopped;
      });
  if (!done) return std::unexpected(done.error());
  return stopped;
}

Player::Result Player::go(std::size_t step) {
  step = std::min(step, size_);
  if (step < at_) {
    if (at_ - step <= undo_.size()) {
      while (at_ > step) take_back();
      return look_at_present();
    }
    // One record before it is enough to know what that one changes.
    const auto later = std::ranges::find_if(
        kept_, [&](const Checkpoint& each) { return each.at >= std::max<std::size_t>(step, 1); });
    restore(*std::prev(later));
  }
  if (const auto done = advance(step - at_, {}); !done) return std::unexpected(done.error());
  return {};
}

std::expected<std::vector<call::Record>, engine::Failure> Player::look(std::size_t from,
                                                                       std::size_t to) const {
  std::vector<call::Record> records;
  const auto done = read(std::max<std::size_t>(from, 1), std::min(to, size_),
                         [&](const call::Record& record, const engine::RecordHash&) {
                           records.push_back(record);
                           return true;
                         });
  if (!done) return std::unexpected(done.error());
  return records;
}

}  // namespace callstate::tools
