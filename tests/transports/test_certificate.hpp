#pragma once

#include <string>
#include <string_view>

namespace callstate::transports {

/// A certificate that signs itself, for 127.0.0.1 and localhost, and its key, in
/// PEM.
struct TestCertificate {
  /// The name tells it from others. Valid for an hour, or since an hour ago no
  /// more.
  static TestCertificate make(std::string_view name, bool expired = false,
                              std::string_view kind = "EC");

  std::string chain;
  std::string key;
  std::string key_with_passphrase;
};

/// A directory of its own with the two files of a certificate; goes with it.
class CertificateFiles {
 public:
  CertificateFiles();
  ~CertificateFiles();
  CertificateFiles(const CertificateFiles&) = delete;
  CertificateFiles& operator=(const CertificateFiles&) = delete;

  // Each a new file in the place of what was there.
  void put(const TestCertificate& certificate) const;
  void put_chain(std::string_view text) const;
  void put_key(std::string_view text) const;
  [[nodiscard]] std::string chain() const { return directory_ + "/chain.pem"; }
  [[nodiscard]] std::string key() const { return directory_ + "/key.pem"; }

 private:
  std::string directory_;
};

}  // namespace callstate::transports
