#include "tools/callstate/carry/unpacker.hpp"

#include <unordered_map>
#include <utility>

#include "core/seal/statement.hpp"
#include "storage/record_codec.hpp"
#include "storage/sha256.hpp"
#include "storage/stream_text.hpp"
#include "tools/callstate/carry/fields.hpp"
#include "tools/callstate/carry/possible.hpp"
#include "transports/json_concat.hpp"

namespace callstate::tools {
namespace {

using transports::concat;
using Fault = std::optional<LineFault>;

Fault is(std::string_view field, std::string what) {
  return LineFault{std::string(field), std::move(what)};
}

/// What no log holds, whatever came before.
Fault impossible(const call::Record& record) {
  const auto kind = record.stream.kind;
  const auto& [_, tenant, name] = record.stream;
  if (StreamOf::of(record.payload) != kind) {
    return is("stream", concat("is ", name_of(kind), ", and ", type_of(record.payload),
                               " is an event of another kind of stream"));
  }
  if (kind == call::StreamKind::server) {
    if (!tenant.empty()) return is("tenant", "is said of the server's stream, which has none");
    if (!name.empty()) return is("name", "is said of the server's stream, which has none");
  } else {
    if (tenant.empty()) return is("tenant", "is missing");
    if (name.empty()) return is("name", "is missing");
  }
  if (kind == call::StreamKind::room && !call::parse_room_name(name.view())) {
    return is("name", "is no room's name");
  }
  const auto* sealed = std::get_if<call::Sealed>(&record.payload);
  if (sealed != nullptr && !seal::well_formed(*sealed, record.position)) {
    return is("event", "is a seal over positions that it cannot seal, or of no log");
  }
  const bool refused = record.outcome == call::Outcome::refused;
  if (refused != (record.refusal != call::ErrorCode::none)) {
    return is("refusal", refused ? "is missing" : "is said of what was not refused");
  }
  return std::nullopt;
}

}  // namespace

std::string UnpackFault::sentence() const {
  return concat("line ", line, fault.field.empty() ? "" : ", field ", fault.field, ": ",
                fault.what);
}

struct Unpacker::State {
  struct Track {
    call::Seq seq = 0;
    call::Hash chain{};
    call::Position position = 0;
  };

  Fault check_place() {
    const bool whole = header->whole();
    if (record.position <= last) {
      return is("pos", concat("is ", record.position,
                              record.position == last ? ", as that of the line before"
                                                      : ", which is before the line before"));
    }
    if (whole && record.position != last + 1) {
      return is("pos", concat("is ", record.position, ", where ", last + 1, " follows"));
    }
    if (record.position > header->head) {
      return is("pos", concat("is ", record.position, ", beyond the log's head, ", header->head));
    }
    if (record.at < last_at) return is("at", "is before that of the line before");
    return std::nullopt;
  }

  Fault check_stream(const call::Hash& hash) {
    storage::key_of(record.stream, key);
    const auto [entry, first] = tracks.try_emplace(key);
    Track& track = entry->second;
    const bool applied = record.outcome == call::Outcome::applied;
    // Where a part begins, a stream's first record is taken at its word; and of what was
    // kept of before the log's beginning, those of the server, which lie here and there.
    const bool apart = track.position < header->begins && header->begins > 1 &&
                       record.stream.kind != call::StreamKind::room;
    if (apart && record.seq < track.seq) return is("seq", "falls");
    if ((!first && !apart) || header->whole()) {
      const auto follows = track.seq + (applied ? 1 : 0);
      if (record.seq != follows) {
        return is("seq", concat("is ", record.seq, ", where ", follows, " follows"));
      }
      if (record.previous != track.chain) {
        return is("previous",
                  "is not the hash of the stream's record before: a line between is missing, or "
                  "lines were swapped or altered");
      }
    }
    track = {record.seq, hash, record.position};
    return std::nullopt;
  }

  Fault take_record(std::string_view line) {
    call::Hash said{};
    if (auto read = read_line(line, record, said); !read) return read.error();
    if (auto fault = impossible(record)) return fault;
    if (auto fault = check_place()) return fault;
    const auto hash = storage::sha256(encoder.encode(record));
    if (auto fault = check_stream(hash)) return fault;
    if (hash != said) return is("hash", "is not that of this record: something in it was altered");
    if (auto fault = calls.take(record)) return fault;
    last = record.position;
    last_at = record.at;
    ++records;
    return std::nullopt;
  }

  Fault take_end(const Footer& footer) {
    if (footer.records != records) {
      return is("records",
                concat("is ", footer.records, ", and ", records, " came: lines are missing"));
    }
    if (header->whole() && records != header->head) {
      return is("records", concat("is ", records, ", and the log's head is ", header->head));
    }
    if (footer.lines != seal::to_hex(digest.finish())) {
      return is(
          "sha256",
          "is not that of the lines before it: some were cut out or added, or one was changed");
    }
    ended = true;
    return std::nullopt;
  }

  std::optional<Header> header;
  call::Record record;
  std::uint64_t lines = 0;
  std::uint64_t records = 0;
  bool ended = false;
  call::Position last = 0;
  call::Time last_at = call::Time::min();
  std::unordered_map<std::string, Track> tracks;
  PossibleCalls calls{true};  // told otherwise by the first line
  std::string key;
  storage::RecordEncoder encoder;
  storage::Sha256 digest;
};

Unpacker::Unpacker() : state_(std::make_unique<State>()) {}
Unpacker::~Unpacker() = default;

std::expected<Unpacker::Took, UnpackFault> Unpacker::take(std::string_view line) {
  State& state = *state_;
  ++state.lines;
  Fault fault;
  auto took = Took::record;
  if (line.size() >= line_bytes_max) {
    fault = is({}, concat("is longer than ", line_bytes_max, " bytes"));
  } else if (state.ended) {
    fault = is({}, "comes after the end");
  } else if (!state.header) {
    took = Took::header;
    auto header = read_header(line);
    if (header) {
      state.calls = PossibleCalls(header->whole());
      state.header = *std::move(header);
    } else {
      fault = header.error();
    }
  } else if (const auto footer = read_footer(line)) {
    took = Took::end;
    fault = state.take_end(*footer);
  } else {
    fault = state.take_record(line);
  }
  if (took != Took::end) {
    state.digest.add(line);
    state.digest.add("\n");
  }
  if (fault) return std::unexpected(UnpackFault{state.lines, *std::move(fault)});
  return took;
}

std::expected<void, UnpackFault> Unpacker::finish() const {
  if (state_->ended) return {};
  return std::unexpected(
      UnpackFault{state_->lines + 1,
                  {{},
                   "is missing: the export was cut short, its last line says how many "
                   "records there are"}});
}

const Header& Unpacker::header() const {
  return *state_->header;
}
const call::Record& Unpacker::record() const {
  return state_->record;
}
std::uint64_t Unpacker::records() const {
  return state_->records;
}
std::uint64_t Unpacker::lines() const {
  return state_->lines;
}

}  // namespace callstate::tools
