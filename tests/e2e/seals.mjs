// A key that signs seals, in files.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Gives {key, pub}: the files of a new Ed25519 key in that directory. */
export function sealKey(directory, name = 'seal') {
  const key = join(directory, `${name}.key`);
  const pub = join(directory, `${name}.pub`);
  execFileSync('openssl', ['genpkey', '-algorithm', 'ed25519', '-out', key]);
  writeFileSync(pub, execFileSync('openssl', ['pkey', '-in', key, '-pubout']));
  return { key, pub };
}
