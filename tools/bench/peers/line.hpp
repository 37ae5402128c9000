#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace callstate::bench {

/// A frame as a client sends it, made once and sent many times.
std::string client_frame(std::string_view text);

/// A connection to 127.0.0.1 that never waits, and has sent these bytes. `from` is
/// an address of this machine: each has ports of its own.
int connected(std::uint16_t port, std::string_view bytes, const std::string& from = "127.0.0.1");
/// The address of the client of this number, among more than one has ports for.
std::string address_of(std::size_t client);

/// One WebSocket connection of the load generator. It never waits once it is
/// connected, looks at no more of a frame than it must, and holds a buffer only
/// while a frame is half read. Throws std::runtime_error when the connection
/// fails or ends.
class Line {
 public:
  /// Sends the handshake over one of `connected`.
  Line(std::uint16_t port, std::string_view handshake, const std::string& from = "127.0.0.1")
      : descriptor_(connected(port, handshake, from)) {}
  ~Line();
  Line(Line&& other) noexcept;
  Line& operator=(Line&&) = delete;

  /// Sends one of `client_frame`.
  void send(std::string_view frame) const;
  /// Reads once what has arrived, and gives each text to `hear`. Pings are
  /// answered.
  template <typename Hear>
  void read(const Hear& hear) {
    auto rest = receive();
    while (const auto text = next(rest)) hear(*text);
    half_read_.assign(rest);
  }

  /// Hands have been shaken.
  [[nodiscard]] bool open() const { return open_; }
  [[nodiscard]] int descriptor() const { return descriptor_; }

 private:
  /// What was left of the last time and what has come; valid until another
  /// line reads.
  std::string_view receive();
  /// Takes the next whole text off `rest`.
  std::optional<std::string_view> next(std::string_view& rest);

  int descriptor_ = -1;
  bool open_ = false;
  std::string half_read_;
};

}  // namespace callstate::bench
