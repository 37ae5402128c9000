#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "core/call/event.hpp"

namespace callstate::tools {

/// What proves a call to somebody who has neither the log nor a server: the records of
/// its room's stream from the call's first to its last, the seals over them, and for
/// each record the hashes that lead from it to the root of its seal. See
/// docs/evidence.md.
struct Evidence {
  struct Item {
    call::Position position = 0;
    std::string bytes;               // of the record, as the log has them
    call::Position seal = 0;         // the position of its seal; 0: not sealed yet
    std::vector<call::Hash> path{};  // to that one's root
  };
  struct Seal {
    call::Position position = 0;
    std::string bytes;  // likewise
  };

  std::string log_id;
  std::string tenant;
  std::string room;
  call::CallId call;
  std::vector<Item> records{};      // by position; those that are not sealed are the last
  std::vector<Seal> seals{};        // by position: from the first one's to the last one's
  std::vector<std::string> keys{};  // public ones in PEM, as far as they are known

  [[nodiscard]] std::size_t unsealed() const;
};

/// A file beyond this is not read, and a call beyond this is not written.
constexpr std::size_t evidence_bytes_max = 64UL * 1024 * 1024;

/// The one text that says it, down to the last byte: an element a line.
[[nodiscard]] std::string write_evidence(const Evidence& evidence);

/// What of such a text is not made of the rest. The failure says where it is no
/// evidence; what the text says besides is for `check_evidence`.
[[nodiscard]] std::expected<Evidence, std::string> parse_evidence(std::string_view text);

/// A record in JSON, for people. The form is part of the file's: it may not change but
/// with the file's version.
[[nodiscard]] std::string read_out(const call::Record& record);

/// What was written where, as a sentence and as one JSON object.
[[nodiscard]] std::string render_written(const Evidence& evidence, const std::string& where);
[[nodiscard]] std::string written_json(const Evidence& evidence, const std::string& where);

/// RFC 4648, with padding.
[[nodiscard]] std::string to_base64(std::string_view bytes);
/// Nothing when it is none.
[[nodiscard]] std::expected<std::string, std::string> from_base64(std::string_view text);

}  // namespace callstate::tools
