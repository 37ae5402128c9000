#include "test_certificate.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace callstate::transports {
namespace {

std::string taken_from(BIO* bio) {
  std::string text(static_cast<std::size_t>(BIO_pending(bio)), '\0');
  BIO_read(bio, text.data(), static_cast<int>(text.size()));
  BIO_free(bio);
  return text;
}

void extend(X509* certificate, int what, const char* value) {
  auto* extension = X509V3_EXT_conf_nid(nullptr, nullptr, what, value);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

void put(const std::string& path, std::string_view text) {
  {
    std::ofstream file(path + ".new", std::ios::binary);
    file << text;
  }
  std::filesystem::rename(path + ".new", path);
}

}  // namespace

CertificateFiles::CertificateFiles()
    : directory_(std::filesystem::temp_directory_path() / "callstate-certificate-XXXXXX") {
  ::mkdtemp(directory_.data());
}
CertificateFiles::~CertificateFiles() {
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}
void CertificateFiles::put(const TestCertificate& certificate) const {
  put_chain(certificate.chain);
  put_key(certificate.key);
}
void CertificateFiles::put_chain(std::string_view text) const {
  transports::put(chain(), text);
}
void CertificateFiles::put_key(std::string_view text) const {
  transports::put(key(), text);
}

TestCertificate TestCertificate::make(std::string_view name, bool expired, std::string_view kind) {
  constexpr long hour = 3600;
  auto* key = kind == "RSA" ? EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", std::size_t{2048})
                            : EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256");
  auto* certificate = X509_new();
  X509_set_version(certificate, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), -2 * hour);
  X509_gmtime_adj(X509_getm_notAfter(certificate), expired ? -hour : hour);
  X509_set_pubkey(certificate, key);
  auto* subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.data()),
                             static_cast<int>(name.size()), -1, 0);
  X509_set_issuer_name(certificate, subject);
  extend(certificate, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
  extend(certificate, NID_basic_constraints, "critical,CA:TRUE");
  X509_sign(certificate, key, EVP_sha256());

  TestCertificate made;
  auto* bio = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(bio, certificate);
  made.chain = taken_from(bio);
  bio = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(bio, key, nullptr, nullptr, 0, nullptr, nullptr);
  made.key = taken_from(bio);
  bio = BIO_new(BIO_s_mem());
  std::string passphrase = "open";
  PEM_write_bio_PrivateKey(bio, key, EVP_aes_128_cbc(), nullptr, 0, nullptr, passphrase.data());
  made.key_with_passphrase = taken_from(bio);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return made;
}

}  // namespace callstate::transports
