#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace callstate::transports {

/// A TLS client for tests, on OpenSSL and a blocking socket: every call blocks
/// until it is done, and gives up after ten seconds. Trusts anybody.
class TlsClient {
 public:
  struct Options {
    int receive_buffer_bytes = 0;    // the kernel's; 0: its own choice
    bool tls12 = false;              // no later version
    const char* protocol = nullptr;  // offered by ALPN; none: nothing
  };
  explicit TlsClient(std::uint16_t port) : TlsClient(port, Options()) {}
  TlsClient(std::uint16_t port, const Options& options);
  ~TlsClient();

  /// The handshake was done.
  [[nodiscard]] bool connected() const;
  /// The common name of the certificate that the server showed.
  [[nodiscard]] std::string server_name() const;
  [[nodiscard]] std::string protocol() const;  // by ALPN

  /// One record, as long as it fits.
  void write(std::string_view bytes);
  /// Exactly so many bytes, or fewer when the connection ends before.
  std::string read(std::size_t size);
  std::string read_until(std::string_view end);
  std::string read_to_end();
  /// The end came with close_notify.
  [[nodiscard]] bool ended_well() const;
  /// The connection is reset.
  void reset();
  /// A WebSocket handshake; true when it was taken.
  bool upgrade(std::string_view target);
  /// The payload of the next short or long frame of the server.
  std::string read_frame();

 private:
  bool read_more();

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace callstate::transports
