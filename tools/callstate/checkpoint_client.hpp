#pragma once

#include <expected>
#include <memory>
#include <string>

#include "tools/callstate/net.hpp"
#include "tools/callstate/report/trouble.hpp"

namespace callstate::tools {

/// A checkpoint that a running server made for us on this machine; the server
/// is told to remove it at the end.
class Checkpoint {
 public:
  /// Without a token, with one of the development secret.
  static std::expected<std::unique_ptr<Checkpoint>, Trouble> make(const std::string& server,
                                                                  const std::string& ca_file,
                                                                  const std::string& token);
  ~Checkpoint();
  Checkpoint(const Checkpoint&) = delete;
  Checkpoint& operator=(const Checkpoint&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  /// Who made it, `http://127.0.0.1:7480`.
  [[nodiscard]] std::string server() const { return url_.text(); }
  /// The only tenant whose calls the token may read; empty: all of them.
  [[nodiscard]] const std::string& tenant() const { return tenant_; }

 private:
  Checkpoint(ServerUrl url, std::string token, std::string name, std::string path,
             std::string tenant)
      : url_(std::move(url)),
        token_(std::move(token)),
        name_(std::move(name)),
        path_(std::move(path)),
        tenant_(std::move(tenant)) {}

  ServerUrl url_;
  std::string token_;
  std::string name_;
  std::string path_;
  std::string tenant_;
};

}  // namespace callstate::tools
