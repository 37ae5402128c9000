// Whether evidence of a call holds, as docs/evidence.md says: each record has the hash
// that the file names, each hash leads to the root of a seal, the seals follow each
// other, and are signed. `callstate verify` checks more, and with a key from elsewhere.

export interface Evidence {
  unsealed: number;
  records: {
    position: number;
    record: string; // base64
    hash: string;
    seal: number | null;
    path: string[];
  }[];
  seals: {
    position: number;
    statement: string;
    signature: string | null;
    record: string;
    hash: string;
  }[];
  keys: { id: string; publicKey: string }[];
}

export interface Verdict {
  records: number;
  unsealed: number;
  seals: number;
  /** Ids of the keys in the file by which seals are signed, and the signatures good. */
  signers: string[];
  unsigned: number;
  /** Signatures that this browser cannot check. */
  unchecked: number;
  /** What is wrong; empty: it holds. */
  faults: string[];
}

type Bytes = Uint8Array<ArrayBuffer>;

const faults_max = 5;

const of64 = (text: string): Bytes => Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
const ofHex = (text: string): Bytes =>
  Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const toHex = (bytes: Bytes) =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

async function sha256(...parts: Bytes[]): Promise<Bytes> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return new Uint8Array(await crypto.subtle.digest('SHA-256', all));
}

function leaf(position: number, hash: Bytes): Promise<Bytes> {
  const head = new Uint8Array(9);
  new DataView(head.buffer).setBigUint64(1, BigInt(position));
  return sha256(head, hash);
}
const node = (left: Bytes, right: Bytes) => sha256(Uint8Array.of(1), left, right);

/** The root that the path leads to, by RFC 9162, 2.1.3.2; empty where it cannot be one. */
async function rootBy(start: Bytes, index: number, size: number, path: string[]) {
  let at = index;
  let last = size - 1;
  let root = start;
  for (const step of path.map(ofHex)) {
    if (last === 0) return '';
    if (at % 2 === 1 || at === last) {
      root = await node(step, root);
      while (at % 2 === 0 && at !== 0) {
        at = Math.floor(at / 2);
        last = Math.floor(last / 2);
      }
    } else root = await node(root, step);
    at = Math.floor(at / 2);
    last = Math.floor(last / 2);
  }
  return last === 0 ? toHex(root) : '';
}

/** `first 4097` and so on, by name. */
const fieldsOf = (statement: string) =>
  new Map(
    statement.split('\n').flatMap((line) => {
      const space = line.indexOf(' ');
      return space < 0 ? [] : [[line.slice(0, space), line.slice(space + 1)] as const];
    }),
  );

/** Whether the signature is good; nothing where this browser does not know the kind. */
async function verifies(pem: string, statement: string, signature: string) {
  const der = of64(pem.replace(/-----[^-]+-----|\s/g, ''));
  try {
    const key = await crypto.subtle.importKey('spki', der, 'Ed25519', false, ['verify']);
    const bytes = new TextEncoder().encode(statement);
    return await crypto.subtle.verify('Ed25519', key, of64(signature), bytes);
  } catch {
    return undefined;
  }
}

class Check {
  readonly verdict: Verdict;
  private readonly fields = new Map<number, Map<string, string>>();

  constructor(private readonly evidence: Evidence) {
    this.verdict = {
      records: evidence.records.length,
      unsealed: evidence.records.filter(({ seal }) => seal === null).length,
      seals: evidence.seals.length,
      signers: [],
      unsigned: 0,
      unchecked: 0,
      faults: [],
    };
  }

  private fault(what: string) {
    if (this.verdict.faults.length < faults_max) this.verdict.faults.push(what);
  }

  async seals() {
    let before: { position: number; hash: string } | undefined;
    for (const seal of this.evidence.seals) {
      const name = `the seal at ${seal.position}`;
      const fields = fieldsOf(seal.statement);
      this.fields.set(seal.position, fields);
      const hash = toHex(await sha256(of64(seal.record)));
      if (hash !== seal.hash) this.fault(`${name} is not of its hash`);
      const follows =
        !before ||
        (fields.get('previous-seal') === String(before.position) &&
          fields.get('previous-hash') === before.hash);
      if (!follows) this.fault(`${name} does not follow the one before`);
      await this.signature(name, seal, fields.get('key') ?? '');
      before = { position: seal.position, hash };
    }
  }

  private async signature(name: string, seal: Evidence['seals'][number], id: string) {
    if (seal.signature === null) {
      ++this.verdict.unsigned;
      return;
    }
    const key = this.evidence.keys.find((each) => each.id === id);
    const good = key && (await verifies(key.publicKey, seal.statement, seal.signature));
    if (good === undefined) ++this.verdict.unchecked;
    else if (!good) this.fault(`the signature of ${name} is wrong`);
    else if (!this.verdict.signers.includes(id)) this.verdict.signers.push(id);
  }

  async records() {
    for (const item of this.evidence.records) {
      const name = `the record at ${item.position}`;
      const hash = await sha256(of64(item.record));
      if (toHex(hash) !== item.hash) this.fault(`${name} was altered: it is not of its hash`);
      if (item.seal === null) continue;
      const fields = this.fields.get(item.seal);
      const index = item.position - Number(fields?.get('first'));
      const size = Number(fields?.get('records'));
      const within = index >= 0 && index < size;
      const root = within
        ? await rootBy(await leaf(item.position, hash), index, size, item.path)
        : '';
      if (!root || root !== fields?.get('root')) this.fault(`${name} is not what was sealed`);
    }
  }

  /** Whether what was shown is in it. */
  shown(positions: readonly number[]) {
    const there = new Set(this.evidence.records.map(({ position }) => position));
    const missing = positions.find((position) => !there.has(position));
    if (missing !== undefined)
      this.fault(`the record at ${missing} is shown, and not in the evidence`);
  }
}

/** Checks it, and that it has what was shown: events at these positions. */
export async function check(evidence: Evidence, positions: readonly number[]): Promise<Verdict> {
  const run = new Check(evidence);
  await run.seals();
  await run.records();
  run.shown(positions);
  return run.verdict;
}
