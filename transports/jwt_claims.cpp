#include "transports/jwt_claims.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/call/event.hpp"
#include "core/call/message.hpp"
#include "transports/json_concat.hpp"
#include "transports/json_writer.hpp"

namespace callstate::transports {
namespace {

constexpr double latest_s = 253'402'300'799;  // the end of the year 9999

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
}

/// The value at `path`, null when there is none.
const JsonValue* find_path(const JsonValue& object, std::string_view path) {
  if (const JsonValue* whole = object.find(path)) return whole;
  for (auto dot = path.find('.'); dot != path.npos; dot = path.find('.', dot + 1)) {
    const JsonValue* inner = object.find(path.substr(0, dot));
    if (inner == nullptr) continue;
    if (const JsonValue* found = find_path(*inner, path.substr(dot + 1))) return found;
  }
  return nullptr;
}

std::int64_t seconds(call::Duration duration) {
  return std::chrono::duration_cast<std::chrono::seconds>(duration).count();
}

/// Takes claims; the first that is not as it must be is remembered, and reading
/// goes on. Reasons never hold a claim's value.
class ClaimReader {
 public:
  explicit ClaimReader(const JsonValue& claims) : claims_(claims) {}

  [[nodiscard]] const std::string& problem() const { return problem_; }
  void refuse(std::string problem) {
    if (problem_.empty()) problem_ = std::move(problem);
  }

  /// The first of `paths` that the token has.
  const JsonValue* find(const std::vector<std::string>& paths, std::string* path = nullptr) const {
    for (const std::string& each : paths) {
      const JsonValue* value = find_path(claims_, each);
      if (value == nullptr || value->kind == JsonKind::null) continue;
      if (path != nullptr) *path = each;
      return value;
    }
    return nullptr;
  }

  /// An id that names someone: a text, not empty, without control characters.
  template <class Text>
  Text id(const std::vector<std::string>& paths) {
    std::string path;
    const JsonValue* value = find(paths, &path);
    std::optional<Text> made;
    if (value == nullptr) {
      refuse(concat("the claim ", paths.empty() ? "" : paths.front(), " is missing"));
    } else if (value->kind != JsonKind::string) {
      refuse(concat("the claim ", path, " must be a string"));
    } else if (value->text.empty()) {
      refuse(concat("the claim ", path, " is empty"));
    } else if (std::ranges::any_of(value->text, is_control)) {
      refuse(concat("the claim ", path, " holds control characters"));
    } else if (made = Text::from(value->text); !made) {
      refuse(concat("the claim ", path, " has more than ", Text::bytes_max, " bytes"));
    }
    return made.value_or(Text());
  }

  std::optional<call::Time> time(std::string_view claim) {
    const JsonValue* value = claims_.find(claim);
    if (value == nullptr) return std::nullopt;
    const auto time = value->kind == JsonKind::number ? numeric_date(value->text) : std::nullopt;
    if (!time) refuse(concat("the claim ", claim, " is no sane time"));
    return time;
  }

  void expect(std::string_view claim, const std::string& wanted) {
    const JsonValue* value = claims_.find(claim);
    const auto is_wanted = [&](const JsonValue& each) {
      return each.kind == JsonKind::string && each.text == wanted;
    };
    if (value == nullptr) {
      refuse(concat("the claim ", claim, " is missing"));
    } else if (!is_wanted(*value) && !(claim == "aud" && value->kind == JsonKind::array &&
                                       std::any_of(value->begin(), value->end(), is_wanted))) {
      refuse(concat("the claim ", claim, " is not the expected one"));
    }
  }

 private:
  const JsonValue& claims_;
  std::string problem_;
};

call::Role read_role(ClaimReader& claims, const JwtOptions& options) {
  std::string path;
  const JsonValue* value = claims.find(options.claims.role, &path);
  if (value == nullptr) return options.default_role;
  const auto role = value->kind == JsonKind::string ? call::parse_role(value->text) : std::nullopt;
  if (!role && options.users_in_directory) return options.default_role;
  if (!role) claims.refuse(concat("the claim ", path, " is no known role"));
  return role.value_or(options.default_role);
}

/// For display only, so it is made to fit and never a reason to refuse.
std::string read_name(const ClaimReader& claims, const JwtOptions& options) {
  for (const std::string& path : options.claims.name) {
    const JsonValue* value = claims.find({path});
    if (value == nullptr || value->kind != JsonKind::string || value->text.empty()) continue;
    std::string name(clip_utf8(value->text, call::label_bytes_max));
    std::ranges::replace_if(name, is_control, ' ');
    return name;
  }
  return {};
}

void check_times(ClaimReader& claims, const JwtOptions& options, call::Time now,
                 Identity& identity) {
  const auto expires = claims.time("exp");
  const auto not_before = claims.time("nbf");
  identity.issued_at = claims.time("iat").value_or(call::Time());
  if (!expires) {
    claims.refuse("the claim exp is missing");
    return;
  }
  // Taken within the leeway, because the clocks differ: then it ends with the
  // leeway, or the session would be closed as soon as it is open.
  identity.expires_at = now >= *expires ? *expires + options.leeway : *expires;
  if (now >= *expires + options.leeway) {
    claims.refuse(concat("expired ", seconds(now - *expires), " s ago"));
  }
  if (not_before && now + options.leeway < *not_before) {
    claims.refuse(concat("not valid for another ", seconds(*not_before - now), " s"));
  }
}

}  // namespace

std::optional<call::Time> numeric_date(std::string_view text) {
  double at_s = -1;
  const char* end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data(), end, at_s);
  if (error != std::errc() || last != end) return std::nullopt;
  if (!(at_s >= 0 && at_s <= latest_s)) return std::nullopt;
  return call::Time(call::Duration(std::llround(at_s * 1e6)));
}

std::expected<Identity, AuthFailure> read_claims(const JsonValue& claims, const JwtOptions& options,
                                                 call::Time now) {
  if (claims.kind != JsonKind::object) {
    return std::unexpected(AuthFailure{"the claims are no JSON object", AuthFailure::Kind::claims});
  }
  ClaimReader reader(claims);
  Identity identity;
  check_times(reader, options, now, identity);
  const bool in_time = reader.problem().empty() || identity.expires_at == call::Time{};
  if (options.audience) reader.expect("aud", *options.audience);
  if (options.issuer) reader.expect("iss", *options.issuer);
  identity.user = reader.id<call::UserId>({"sub"});
  // What the server itself concludes is told by this name.
  if (identity.user.view() == call::system_actor) reader.refuse("the claim sub is reserved");
  identity.role = read_role(reader, options);
  const bool in_directory = options.users_in_directory && identity.role != call::Role::service &&
                            identity.role != call::Role::auditor;
  if (!in_directory || reader.find(options.claims.tenant) != nullptr)
    identity.tenant = reader.id<call::TenantId>(options.claims.tenant);
  identity.name = read_name(reader, options);
  if (!reader.problem().empty()) {
    const auto kind = in_time ? AuthFailure::Kind::claims : AuthFailure::Kind::time;
    return std::unexpected(AuthFailure{reader.problem(), kind});
  }
  return identity;
}

}  // namespace callstate::transports
