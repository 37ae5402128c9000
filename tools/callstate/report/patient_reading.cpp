#include "tools/callstate/report/patient_reading.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/engine/beginning.hpp"

namespace callstate::tools {
namespace {

// Positions that are read one by one before reading on is tried again. A table is looked
// into long before its positions come, so that may fail often: twice as many each time.
constexpr std::size_t singles_min = 64;
constexpr std::size_t singles_max = 64UL * 1024;
constexpr std::size_t gathered_max = 64;

class PatientReading {
 public:
  PatientReading(const engine::LogReader& log, const engine::LogReader& scan,
                 const engine::LogReader::Each& each, const OnLost& lost)
      : log_(log),
        scan_(scan),
        each_(each),
        on_lost_(lost),
        head_(log.head()),
        beginning_(log.beginning()),
        next_(following(1)) {}

  void run() {
    std::size_t singles = singles_min;
    while (next_ <= head_ && !stopped_) {
      const auto before = next_;
      if (scan_.read(next_, head_, take_) || stopped_) break;
      singles = next_ == before ? std::min(2 * singles, singles_max) : singles_min;
      read_singly(singles);
    }
    end_run();
  }

 private:
  void read_singly(std::size_t count) {
    const auto end = std::min(head_, next_ + count - 1);
    while (next_ <= end && !stopped_) {
      std::vector<call::Position> some;
      for (auto at = next_; at <= end && some.size() < gathered_max; at = following(at + 1)) {
        some.push_back(at);
      }
      const auto read = log_.read_at(some, take_);
      if (read || stopped_) continue;
      if (first_lost_ == 0) {
        first_lost_ = next_;
        why_ = read.error().message;
      }
      last_lost_ = next_;
      next_ = following(next_ + 1);
    }
  }

  bool take(const call::Record& record, const engine::RecordHash& hash) {
    end_run();
    next_ = following(record.position + 1);
    stopped_ = !each_(record, hash);
    return !stopped_;
  }

  void end_run() {
    if (first_lost_ == 0) return;
    // Of the whole run the reader can say more than of its first position.
    if (last_lost_ > first_lost_) {
      const auto read =
          log_.read(first_lost_, last_lost_, [](const auto&, const auto&) { return true; });
      if (!read) why_ = read.error().message;
    }
    on_lost_(std::exchange(first_lost_, 0), last_lost_, std::move(why_));
    why_.clear();
  }

  /// The first from there on that must be there: before the beginning what was kept.
  [[nodiscard]] call::Position following(call::Position at) const {
    if (!beginning_ || at >= beginning_->first) return at;
    const auto kept = std::ranges::lower_bound(beginning_->kept, at);
    return kept == beginning_->kept.end() ? beginning_->first : *kept;
  }

  const engine::LogReader& log_;
  const engine::LogReader& scan_;
  const engine::LogReader::Each& each_;
  const OnLost& on_lost_;
  const call::Position head_;
  const std::shared_ptr<const engine::Beginning> beginning_;
  const engine::LogReader::Each take_ = [this](const call::Record& record,
                                               const engine::RecordHash& hash) {
    return take(record, hash);
  };
  call::Position next_;
  call::Position first_lost_ = 0;  // of a run that goes on; 0: there is none
  call::Position last_lost_ = 0;
  std::string why_;
  bool stopped_ = false;
};

}  // namespace

void read_patiently(const engine::LogReader& log, const engine::LogReader& scan,
                    const engine::LogReader::Each& each, const OnLost& lost) {
  PatientReading(log, scan, each, lost).run();
}

}  // namespace callstate::tools
