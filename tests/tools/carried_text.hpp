#pragma once

#include <cstdio>
#include <filesystem>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "encoded_log.hpp"
#include "memory_log.hpp"
#include "tools/callstate/carry/importing.hpp"

// Exports as texts, for tests that change them.

namespace callstate::tools::testing {

/// An import of this text; empty when it succeeds, else the sentence.
inline std::string import_text(const std::string& text, const std::filesystem::path& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(
      fmemopen(const_cast<char*>(text.data()), text.size(), "r"), &std::fclose);
  Lines lines(file.get());
  const auto done = import_log(lines, path, [] {});
  return done ? std::string() : done.error().message;
}

/// The log that a call's records are in, with others around it.
inline EncodedLog calls() {
  EncodedLog log;
  MemoryLog scripted;
  scripted.server_started();
  scripted.talk();
  scripted.room = "other";
  scripted.talk();
  scripted.tenant = "globex";
  scripted.starts("alice", {user("bob")});
  scripted.server_started();
  scripted.room = "demo";
  scripted.tenant = "acme";
  scripted.talk();
  scripted.ignored("bob", call::Ended{});
  for (auto& record : scripted.records) log.add(record);
  return log;
}

inline std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream in(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}
inline std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += line + "\n";
  return text;
}

}  // namespace callstate::tools::testing
