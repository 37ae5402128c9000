#include "tools/callstate/carry/exporting.hpp"

#include <cerrno>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "core/seal/statement.hpp"
#include "storage/record_codec.hpp"
#include "storage/sha256.hpp"
#include "storage/stream_text.hpp"
#include "transports/json_concat.hpp"

namespace callstate::tools {
namespace {

using transports::concat;

constexpr std::size_t piece_bytes = 256UL * 1024;

/// One export on its way.
class Writing {
 public:
  Writing(const Exportable& from, const Selection& wanted, Anonymiser* anonymiser,
          const TextSink& sink)
      : from_(from), selector_(wanted), anonymiser_(anonymiser), sink_(sink) {
    done_.header = from.header;
    if (!wanted.all()) done_.header.part.push_back(wanted);
    if (from.log.first() > 1) done_.header.begins = from.log.first();
    if (anonymiser != nullptr) anonymiser->alter(done_.header);
    text_.reserve(piece_bytes + line_bytes_max);
    text_ = write_header(done_.header);
    lines_.add(text_);
  }

  /// Whether to go on.
  bool take(const call::Record& record, const engine::RecordHash& hash) {
    const auto original = from_.original ? from_.original(record.position) : record.position;
    const auto answer = selector_.judge(record, original);
    if (answer == Selector::Answer::end) return false;
    if (answer == Selector::Answer::leave) return true;
    const call::Hash stored = hash;
    if (storage::sha256(encoder_.encode(record)) != stored) return refuse_unknown(record);
    if (original == record.position && anonymiser_ == nullptr) return put(record, stored);
    altered_ = record;
    altered_.position = original;
    return put(altered_, anonymiser_ == nullptr ? stored : anonymiser_->alter(altered_));
  }

  std::expected<Exported, Trouble> finish() {
    if (!trouble_) {
      if (const auto found = selector_.result(); !found) trouble_ = found.error();
    }
    if (!trouble_) {
      text_ += write_footer({done_.records, seal::to_hex(lines_.finish())});
      flush();
    }
    if (trouble_) return std::unexpected(*std::move(trouble_));
    return done_;
  }

 private:
  bool put(const call::Record& record, const call::Hash& hash) {
    const auto before = text_.size();
    write_line(text_, record, hash);
    lines_.add(std::string_view(text_).substr(before));
    ++done_.records;
    if (text_.size() - before > line_bytes_max) {
      return fail({Exit::unusable,
                   concat("Position ", record.position, " (", storage::describe(record.stream),
                          ") takes a line of ", text_.size() - before,
                          " bytes, and no line may have more than ", line_bytes_max, ".")});
    }
    return text_.size() < piece_bytes || flush();
  }

  bool refuse_unknown(const call::Record& record) {
    return fail({Exit::unusable,
                 concat("Position ", record.position, " (", storage::describe(record.stream),
                        ") holds something that this version does not know, and would be lost. "
                        "Export with the version that wrote it.")});
  }

  bool flush() {
    done_.bytes += text_.size();
    errno = 0;
    if (!sink_(text_)) {
      const std::string why = errno == 0 ? "" : std::string(": ") + std::strerror(errno);
      return fail({Exit::unusable, "The export could not be written" + why + "."});
    }
    text_.clear();
    return true;
  }

  bool fail(Trouble trouble) {
    trouble_ = std::move(trouble);
    return false;
  }

  const Exportable& from_;
  Selector selector_;
  Anonymiser* anonymiser_;
  const TextSink& sink_;
  storage::RecordEncoder encoder_;
  storage::Sha256 lines_;
  call::Record altered_;
  std::string text_;
  Exported done_;
  std::optional<Trouble> trouble_;
};

}  // namespace

std::expected<Exported, Trouble> export_log(const Exportable& from, const Selection& wanted,
                                            Anonymiser* anonymiser, const TextSink& sink) {
  Selection selection = wanted;
  // What is left of a log from which something was dropped is a part of it.
  if (wanted.all() && from.log.first() > 1) selection.from = At(call::Position{1});
  Writing writing(from, selection, anonymiser, sink);
  const auto read = from.log.read(1, from.log.head(),
                                  [&](const call::Record& record, const engine::RecordHash& hash) {
                                    return writing.take(record, hash);
                                  });
  if (!read) {
    return std::unexpected(Trouble{Exit::found, read.error().message +
                                                    "\nThe export was given up: it would not be "
                                                    "whole."});
  }
  return writing.finish();
}

}  // namespace callstate::tools
