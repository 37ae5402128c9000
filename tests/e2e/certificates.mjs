// Certificates for the tests, by the openssl command.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * A certificate for this machine that signs itself, and its key, as files of the
 * directory; `pem` is the certificate's text.
 */
export function makeCertificate(directory, name) {
  const cert = join(directory, `${name}.cert.pem`);
  const key = join(directory, `${name}.key.pem`);
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...['-days', '1', '-subj', `/CN=${name}`],
      ...['-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost', '-out', cert, '-keyout', key],
    ],
    { stdio: 'pipe' },
  );
  return { name, cert, key, pem: readFileSync(cert, 'utf8') };
}
