#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace callstate::transports {

using Fields = std::vector<std::pair<std::string, std::string>>;

/// A WebSocket client that is not ours (Beast's), for tests: every call blocks
/// until it is done, and fails the test after ten seconds.
class TestClient {
 public:
  /// Connects and shakes hands.
  TestClient(std::uint16_t port, std::string_view target, const Fields& fields = {});
  ~TestClient();

  [[nodiscard]] bool connected() const;
  [[nodiscard]] std::string protocol() const;  // the server's choice

  void send(std::string_view text);
  void send_binary(std::string_view bytes);
  void ping(std::string_view payload);
  /// The next text, or nothing when the connection has ended.
  std::optional<std::string> read();
  /// Reads to the end; gives the close code, 0 when there was none.
  std::uint16_t code();
  [[nodiscard]] std::string reason() const;
  /// Pings and pongs that have come.
  [[nodiscard]] int pings() const;
  [[nodiscard]] std::vector<std::string> pongs() const;
  /// Closes; true when the server answered the handshake.
  bool close(std::uint16_t code);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// A bare TCP client for tests, with the same deadline.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port);
  ~RawClient();

  void write(std::string_view bytes);
  /// Reads until `end` has come; gives all up to and with it.
  std::string read_until(std::string_view end);
  /// Exactly so many bytes, or fewer when the connection ends before.
  std::string read(std::size_t size);
  /// All that comes until the server closes.
  std::string read_to_end();
  /// A WebSocket handshake; true when it was taken.
  bool upgrade(std::string_view target, std::string_view fields = {});

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace callstate::transports
