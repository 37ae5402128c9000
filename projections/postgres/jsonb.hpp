#pragma once

#include <string>
#include <string_view>

namespace callstate::projections::postgres {

/// The name of the one member of an object that carries another JSON text as a
/// string.
constexpr std::string_view carried_as_text = "$json";

/// A JSON object as a jsonb column takes it. It is itself, unless jsonb would not
/// give back what it says: it cannot hold U+0000 (so with any `\u` escape), forgets
/// the sign of -0, and spells a number with a huge exponent out. Then, and where the object has a
/// member `$json` of its own, it is carried as `{"$json": "<the text>"}`, which
/// readers undo by reading that string as JSON. `json` is valid.
std::string as_jsonb(std::string_view json);

/// As the inside of a JSON string. `text` is UTF-8 without U+0000.
void append_escaped(std::string& to, std::string_view text);

}  // namespace callstate::projections::postgres
