#include "projections/follower.hpp"

#include <algorithm>
#include <utility>

namespace callstate::projections {
namespace {

Trouble lasting(std::string message) {
  return {.kind = Trouble::Kind::lasting, .message = std::move(message)};
}

Trouble ahead_of_log(call::Position position, call::Position head) {
  return lasting("it has come to position " + std::to_string(position) + ", and the log ends at " +
                 std::to_string(head) + ": it is of another log, or the log has lost its end");
}

Trouble behind_beginning(call::Position position, call::Position first) {
  return lasting("it has come to position " + std::to_string(position) +
                 ", and the log begins with " + std::to_string(first) +
                 ": what lies between was dropped by `callstate retain` before it was taken, and "
                 "is in no log any more. Put a copy of the log from before that back, or begin "
                 "with rows of its own");
}

Trouble missing(call::Position position) {
  return lasting("the log gives no record " + std::to_string(position) +
                 ": stop the server and look at it with `callstate verify`");
}

}  // namespace

Follower::Follower(Projection& projection, const engine::LogReader& log, std::string log_id,
                   FollowerPorts ports, const Pace& pace)
    : projection_(projection),
      log_(log),
      log_id_(std::move(log_id)),
      ports_(std::move(ports)),
      pace_(pace) {
  status_.name = projection.name();
  status_.since = ports_.clock.now();
}

Follower::Next Follower::step() {
  if (!open_) {
    if (auto fault = open()) return in_trouble(std::move(*fault));
  }
  const auto head = log_.head();
  if (head < position_) return in_trouble(ahead_of_log(position_, head));
  // What was kept before the log's beginning goes in one step.
  auto upto = std::min(head, std::max(position_ + pace_.batch_records_max, log_.first() - 1));
  if (poison_) upto = std::min(upto, poison_->position - 1);
  if (upto > position_) {
    auto taken = take(upto);
    if (!taken) return in_trouble(std::move(taken.error()));
    if (auto done = projection_.commit(*taken); !done) return in_trouble(std::move(done.error()));
    return applied(*taken);
  }
  if (poison_) {
    set_state(State::stopped_by_poison);
    return {.pause = std::nullopt};
  }
  return applied(position_);
}

Follower::Fault Follower::open() {
  {
    const std::scoped_lock lock(mutex_);
    if (status_.state == State::stopped) enter(State::catching_up);
  }
  const auto head = log_.head();
  const auto position = projection_.open(log_id_, head);
  if (!position) return position.error();
  if (*position > head) return ahead_of_log(*position, head);
  if (*position > 0 && *position + 1 < log_.first() && !projection_.may_begin_later())
    return behind_beginning(*position, log_.first());
  open_ = true;
  position_ = *position;
  if (poison_ && poison_->position <= position_) poison_.reset();
  const std::scoped_lock lock(mutex_);
  status_.position = position_;
  status_.skipped = projection_.skipped();
  return std::nullopt;
}

std::expected<call::Position, Trouble> Follower::take(call::Position upto) {
  const auto began = ports_.clock.now();
  const auto first = log_.first();
  auto taken = position_;
  Fault fault;
  bool in_time = true;
  const auto read =
      log_.read(position_ + 1, upto, [&](const call::Record& record, const engine::RecordHash&) {
        if (!engine::follows(taken, record.position, first)) {
          fault = missing(taken + 1);
        } else if (auto done = projection_.take(record); !done) {
          fault = std::move(done.error());
        } else {
          taken = record.position;
        }
        in_time = record.position < first || ports_.clock.now() - began < pace_.batch_time_max;
        return !fault && in_time;
      });
  if (!read) return std::unexpected(lasting(read.error().message));
  // Before the log's beginning most positions are not there any more.
  if (!fault && in_time && taken < upto && taken + 1 < first)
    taken = std::max(taken, std::min(upto, first - 1));
  if (!fault && taken == position_) fault = missing(taken + 1);
  if (fault) return std::unexpected(std::move(*fault));
  return taken;
}

Follower::Next Follower::applied(call::Position upto) {
  const auto behind = log_.head() - upto;
  if (!std::exchange(complained_, {}).empty() && !poison_)
    tell(Weight::info, "goes on after position " + std::to_string(upto));
  failures_ = 0;
  const std::scoped_lock lock(mutex_);
  const bool some = upto != position_;
  if (some) ++status_.commits;
  status_.records += upto - position_;
  status_.position = position_ = upto;
  enter(behind > pace_.batch_records_max ? State::catching_up : State::following);
  if (behind > 0) return {.pause = call::Duration{}};
  return {.pause = some ? pace_.look_again : pace_.look_every};
}

Follower::Next Follower::in_trouble(Trouble trouble) {
  open_ = false;  // whatever was taken is forgotten
  const bool one_record = trouble.kind == Trouble::Kind::poison;
  const bool ahead = trouble.position > position_ && trouble.position <= log_.head();
  if (one_record && ahead) return poisoned(std::move(trouble));

  const auto pause = next_pause(trouble.kind);
  if (complained_ != trouble.message) {
    complained_ = trouble.message;
    tell(trouble.kind == Trouble::Kind::passing ? Weight::warning : Weight::error,
         trouble.message + "; it is tried again");
  }
  const std::scoped_lock lock(mutex_);
  ++status_.retries;
  enter(State::retrying);
  status_.trouble = std::move(trouble);
  status_.trouble_at = ports_.clock.now();
  return {.pause = pause, .sooner_if_notified = false};
}

// What comes before it is applied yet: by the steps that follow.
Follower::Next Follower::poisoned(Trouble trouble) {
  trouble.message = describe(trouble.position) + " cannot be applied: " + trouble.message;
  tell(Weight::error,
       trouble.message + "; nothing after it is applied until it is skipped on purpose");
  poison_ = trouble;
  const std::scoped_lock lock(mutex_);
  status_.trouble = std::move(trouble);
  status_.trouble_at = ports_.clock.now();
  return {.pause = call::Duration{}};
}

call::Duration Follower::next_pause(Trouble::Kind kind) {
  auto pause = pace_.retry_max;
  if (kind == Trouble::Kind::passing) {
    pause = pace_.retry_first;
    for (unsigned i = 0; i < failures_ && pause < pace_.retry_max; ++i) pause *= 2;
    pause = std::min(pause, pace_.retry_max);
    ++failures_;
  }
  const auto half = static_cast<std::uint64_t>(pause.count()) / 2;
  return pause - call::Duration(ports_.random() % (half + 1));
}

std::expected<void, Trouble> Follower::skip(call::Position position, const std::string& reason) {
  if (!poison_ || poison_->position != position || position_ + 1 != position || !open_) {
    return std::unexpected(lasting("this projection is not stopped by record " +
                                   std::to_string(position) +
                                   ": only the record that has stopped it can be skipped"));
  }
  open_ = false;
  if (auto done = projection_.skip(position, reason, ports_.clock.now()); !done) return done;
  poison_.reset();
  tell(Weight::warning, describe(position) + " is skipped: " + reason);
  const std::scoped_lock lock(mutex_);
  status_.position = position_ = position;
  status_.skipped.push_back({position, reason, ports_.clock.now()});
  enter(State::following);
  return {};
}

void Follower::stop() {
  set_state(State::stopped);
}

Status Follower::status() const {
  Status status;
  {
    const std::scoped_lock lock(mutex_);
    status = status_;
  }
  status.head = log_.head();
  if (status.head <= status.position) return status;
  status.lag_records = status.head - status.position;
  const auto next = status.position + 1;
  const auto read =
      log_.read(next, next, [&](const call::Record& record, const engine::RecordHash&) {
        status.lag = std::max(call::Duration{}, ports_.clock.now() - record.at);
        return false;
      });
  (void)read;  // a log that cannot be read is told of by the next step
  return status;
}

std::string Follower::describe(call::Position position) const {
  std::string text = "record " + std::to_string(position);
  const auto read =
      log_.read(position, position, [&](const call::Record& record, const engine::RecordHash&) {
        text.append(" (").append(type_of(record.payload));
        if (record.stream.kind == call::StreamKind::room)
          text.append(" in room ").append(record.stream.name.view());
        if (!record.stream.tenant.empty())
          text.append(" of tenant ").append(record.stream.tenant.view());
        text += ')';
        return false;
      });
  (void)read;  // then its number has to do
  return text;
}

void Follower::tell(Weight weight, const std::string& sentence) const {
  if (!ports_.tell) return;
  std::string text = "projection ";
  ports_.tell(weight, text.append(status_.name).append(": ").append(sentence));
}

void Follower::set_state(State state) {
  const std::scoped_lock lock(mutex_);
  enter(state);
}

void Follower::enter(State state) {
  if (status_.state == state) return;
  status_.state = state;
  status_.since = ports_.clock.now();
}

}  // namespace callstate::projections
