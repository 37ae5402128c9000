#include "transports/jwks.hpp"

#include <filesystem>
#include <fstream>
#include <optional>
#include <utility>

#include "transports/json_concat.hpp"
#include "transports/json_document.hpp"
#include "transports/jwks_fetch.hpp"

namespace callstate::transports {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

bool is_url(std::string_view location) {
  return location.starts_with("http://") || location.starts_with("https://");
}

/// What tells that a file has been written or replaced.
struct FileVersion {
  fs::file_time_type written;
  std::uintmax_t bytes = 0;
  friend bool operator==(const FileVersion&, const FileVersion&) = default;
};

std::optional<FileVersion> version_of(const std::string& path) {
  std::error_code ec;
  FileVersion version{.written = fs::last_write_time(path, ec)};
  if (ec) return std::nullopt;
  version.bytes = fs::file_size(path, ec);
  return ec ? std::nullopt : std::optional(version);
}

std::expected<std::string, std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(jwks_bytes_max + 1, '\0');
  if (!file || (file.read(text.data(), static_cast<std::streamsize>(text.size())), file.bad())) {
    return std::unexpected("cannot be read");
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > jwks_bytes_max) return std::unexpected("is larger than 1 MiB");
  return text;
}

}  // namespace

struct JwksSource::Reading {
  std::optional<FileVersion> version;  // of the file that keys_ is from
  HostLookup lookup;                   // of the URL's host
};

std::expected<KeySet, std::string> parse_jwks(std::string_view text) {
  JsonDocument document({});
  if (const auto parsed = document.parse(text); !parsed) {
    return std::unexpected(concat("is no key set: ", parsed.error()));
  }
  const JsonValue* keys = document.root()->find("keys");
  if (keys == nullptr || keys->kind != JsonKind::array) {
    return std::unexpected("is no key set: it has no array of keys");
  }
  const std::size_t count = keys->size();
  if (count > jwks_keys_max)
    return std::unexpected(concat("has more than ", jwks_keys_max, " keys"));
  KeySet set;
  std::string why;
  for (const JsonValue& each : *keys) {
    auto key = VerificationKey::from_jwk(each);
    if (key) {
      set.push_back(*std::move(key));
    } else if (why.empty()) {
      why = key.error();
    }
  }
  if (set.empty() && count > 0) {
    return std::unexpected(concat("has ", count, " keys, none of use; of the first: ", why));
  }
  return set;
}

std::expected<std::unique_ptr<JwksSource>, std::string> JwksSource::start(JwksOptions options) {
  std::unique_ptr<JwksSource> source(new JwksSource(std::move(options)));
  const std::string& location = source->options_.location;
  if (is_url(location)) {
    if (auto valid = check_fetch_url(location); !valid) return std::unexpected(valid.error());
  }
  if (auto read = source->read({}); !read) {
    if (!is_url(location)) return std::unexpected(read.error());
    if (source->options_.on_problem) source->options_.on_problem(read.error());
  }
  // The first unknown key is looked for at once: the interval is between two
  // readings that tokens asked for, and the one at the start was not.
  source->last_ = Clock::now() - source->options_.reread_interval_min;
  source->thread_ =
      std::jthread([raw = source.get()](const std::stop_token& stop) { raw->run(stop); });
  return source;
}

JwksSource::JwksSource(JwksOptions options)
    : options_(std::move(options)), reading_(std::make_unique<Reading>()) {}

JwksSource::~JwksSource() = default;

std::shared_ptr<const KeySet> JwksSource::keys() const {
  const std::lock_guard lock(mutex_);
  return keys_;
}

bool JwksSource::unknown_key_seen() {
  bool now = false;
  {
    const std::lock_guard lock(mutex_);
    now = reading_now_ || Clock::now() >= last_ + options_.reread_interval_min;
    if (std::exchange(wanted_, true)) return now;
  }
  changed_.notify_one();
  return now;
}

std::expected<void, std::string> JwksSource::read(const std::stop_token& stop) {
  const std::string& location = options_.location;
  const bool url = is_url(location);
  std::optional<FileVersion> version;
  if (!url) {
    version = version_of(location);
    if (version && version == reading_->version) return {};
  }
  const auto text =
      url ? fetch(location, {options_.fetch_timeout, jwks_bytes_max, options_.ca_file},
                  reading_->lookup, stop)
          : read_file(location);
  auto set = text ? parse_jwks(*text) : std::unexpected(text.error());
  if (!set) return std::unexpected(concat("the key set ", location, " ", set.error()));
  reading_->version = version;
  const std::lock_guard lock(mutex_);
  keys_ = std::make_shared<const KeySet>(*std::move(set));
  return {};
}

void JwksSource::run(const std::stop_token& stop) {
  auto next = Clock::now() + options_.refresh_interval;
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const auto due = wanted_ ? std::min(next, last_ + options_.reread_interval_min) : next;
    if (Clock::now() < due) {
      changed_.wait_until(lock, stop, due, [&, before = wanted_] { return wanted_ != before; });
      continue;
    }
    wanted_ = false;
    reading_now_ = true;
    lock.unlock();
    const auto read_well = read(stop);
    const auto last = Clock::now();
    next = last + options_.refresh_interval;
    if (!read_well && !stop.stop_requested()) {
      if (options_.on_problem) options_.on_problem(read_well.error());
      next = last + std::min(options_.refresh_interval, options_.reread_interval_min);
    }
    lock.lock();
    reading_now_ = false;
    last_ = last;
  }
}

}  // namespace callstate::transports
