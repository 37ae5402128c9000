#include "tools/callstate/carry/importing.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "storage/log_maker.hpp"
#include "tools/callstate/carry/unpacker.hpp"

namespace callstate::tools {
namespace {

constexpr std::size_t piece_bytes = 256UL * 1024;
constexpr std::uint64_t lines_between_looks = 1024;

std::unexpected<Trouble> refused(const UnpackFault& fault) {
  return std::unexpected(Trouble{Exit::found, "This is no export as it was written: " +
                                                  fault.sentence() + ". No log was made."});
}

std::unexpected<Trouble> unusable(const engine::Failure& failure) {
  return std::unexpected(Trouble{Exit::unusable, failure.message + "."});
}

storage::LogMaker::About about(const Header& header) {
  // Of a whole log that is as it was, nothing need be known beside it.
  const bool plain = header.whole() && !header.anonymised;
  return {.log_id = header.log_id,
          .carried = plain ? std::string() : write_header(header),
          .part = !header.whole()};
}

}  // namespace

bool Lines::fill() {
  if (at_ > 0) text_.erase(0, std::exchange(at_, 0));
  const auto before = text_.size();
  text_.resize(before + piece_bytes);
  const auto got = std::fread(text_.data() + before, 1, piece_bytes, file_);
  text_.resize(before + got);
  return got > 0;
}

std::optional<std::string_view> Lines::next() {
  std::size_t end = 0;
  for (std::size_t looked = at_; (end = text_.find('\n', looked)) == std::string::npos;) {
    const auto unfinished = text_.size() - at_;
    if (unfinished > line_bytes_max) break;
    if (!fill()) break;
    looked = at_ + unfinished;
  }
  if (end == std::string::npos) {
    if (failed() || at_ == text_.size()) return std::nullopt;
    end = text_.size();
  }
  const auto line = std::string_view(text_).substr(at_, end - at_);
  bytes_ += line.size() + 1;
  at_ = std::min(end + 1, text_.size());
  return line;
}

std::expected<Imported, Trouble> import_log(Lines& lines, const std::filesystem::path& path,
                                            const std::function<void()>& progress) {
  Unpacker unpacker;
  std::unique_ptr<storage::LogMaker> maker;
  while (const auto line = lines.next()) {
    const auto took = unpacker.take(*line);
    if (!took) return refused(took.error());
    if (*took == Unpacker::Took::header) {
      auto made = storage::LogMaker::begin(path, about(unpacker.header()));
      if (!made) return unusable(made.error());
      maker = std::move(*made);
    } else if (*took == Unpacker::Took::record) {
      if (const auto added = maker->add(unpacker.record()); !added) return unusable(added.error());
    }
    if (unpacker.lines() % lines_between_looks == 0) progress();
  }
  if (lines.failed()) {
    return std::unexpected(Trouble{Exit::unusable, "The export cannot be read to its end."});
  }
  if (const auto whole = unpacker.finish(); !whole) return refused(whole.error());
  if (const auto finished = maker->finish(); !finished) return unusable(finished.error());
  return Imported{unpacker.header(), unpacker.records()};
}

}  // namespace callstate::tools
