import { disagreements, type Shown } from './agreement.ts';
import { type Bytes, of64, ofHex, sha256, to64, toHex } from './bytes.ts';
import { isSigned, type Sealed, statementOf, type Stored, stored } from './stored.ts';

// Whether evidence of a call holds, as docs/evidence.md says, and whether what the page
// shows is what its records say. Everything is taken from the bytes that are hashed, and
// nothing from what stands beside them. `callstate verify` checks more, and with a key
// from elsewhere.

export interface Evidence {
  log: string;
  tenant: string;
  room: string;
  call: string;
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
  /** Seals whose signature is good, by the id of the key that is in the file. */
  signed: Record<string, number>;
  /** Seals by keys that are not in the file, by the id. */
  unknown: Record<string, number>;
  unsigned: number;
  /** Signatures that this browser cannot check. */
  unchecked: number;
  /** What is wrong; empty: it holds. */
  faults: string[];
}

const key_id_bytes = 16;
const breath_ms = 30;

function leaf(position: number, hash: Bytes): Promise<Bytes> {
  const head = new Uint8Array(9);
  new DataView(head.buffer).setBigUint64(1, BigInt(position));
  return sha256(head, hash);
}

/** The nodes of trees, in hex. Records under one seal lead to its root by the same ones. */
class Nodes {
  private readonly known = new Map<string, string>(); // by left and right

  async over(left: string, right: string): Promise<string> {
    const both = `${left} ${right}`;
    let node = this.known.get(both);
    if (node === undefined) {
      node = toHex(await sha256(Uint8Array.of(1), ofHex(left), ofHex(right)));
      this.known.set(both, node);
    }
    return node;
  }

  /** The root that the path leads to, by RFC 9162, 2.1.3.2; empty where it cannot be one. */
  async rootBy(start: Bytes, index: number, size: number, path: string[]) {
    let at = index;
    let last = size - 1;
    let root = toHex(start);
    for (const step of path) {
      if (last === 0) return '';
      if (at % 2 === 1 || at === last) {
        root = await this.over(step, root);
        while (at % 2 === 0 && at !== 0) {
          at = Math.floor(at / 2);
          last = Math.floor(last / 2);
        }
      } else root = await this.over(root, step);
      at = Math.floor(at / 2);
      last = Math.floor(last / 2);
    }
    return last === 0 ? root : '';
  }
}

const derOf = (pem: string) => of64(pem.replace(/-----[^-]+-----|\s/g, ''));

/** Whether the signature is good; nothing where this browser does not know the kind. */
async function verifies(der: Bytes, statement: string, signature: Bytes) {
  try {
    const key = await crypto.subtle.importKey('spki', der, 'Ed25519', false, ['verify']);
    const bytes = new TextEncoder().encode(statement);
    return await crypto.subtle.verify('Ed25519', key, signature, bytes);
  } catch (error) {
    const unknown = error instanceof DOMException && error.name === 'NotSupportedError';
    return unknown ? undefined : false;
  }
}

const count = (of: Record<string, number>, id: string) => {
  of[id] = (of[id] ?? 0) + 1;
};

/** Lets the page go on in between: the browser may hash at once, and then nothing else
 * comes to its turn. */
class Breath {
  private last = performance.now();

  async taken() {
    if (performance.now() - this.last < breath_ms) return;
    await new Promise((done) => setTimeout(done));
    this.last = performance.now();
  }
}

class Check {
  readonly verdict: Verdict;
  readonly read: Stored[] = [];
  private readonly sealed = new Map<number, Sealed>();
  private readonly nodes = new Nodes();
  private readonly keys = new Map<string, Bytes>(); // DER, by the id that it has

  constructor(private readonly evidence: Evidence) {
    this.verdict = {
      records: evidence.records.length,
      unsealed: evidence.records.filter(({ seal }) => seal === null).length,
      seals: evidence.seals.length,
      signed: {},
      unknown: {},
      unsigned: 0,
      unchecked: 0,
      faults: [],
    };
  }

  fault(what: string) {
    this.verdict.faults.push(what);
  }

  /** A key's id is the first half of its hash. */
  async readKeys() {
    for (const { id, publicKey } of this.evidence.keys) {
      const der = derOf(publicKey);
      const own = toHex((await sha256(der)).slice(0, key_id_bytes));
      if (own !== id) this.fault(`the key ${id} is in truth ${own}`);
      this.keys.set(own, der);
    }
  }

  async seals() {
    let before: { position: number; hash: string; last: bigint } | undefined;
    for (const seal of this.evidence.seals) {
      const name = `the seal at ${seal.position}`;
      const bytes = of64(seal.record);
      const hash = toHex(await sha256(bytes));
      if (hash !== seal.hash) this.fault(`${name} is not of its hash`);
      const record = stored(bytes, seal.position);
      const sealed = record?.sealed;
      if (!record || !sealed || sealed.first < 1n || sealed.last < sealed.first) {
        this.fault(`${name} is none`);
        continue;
      }
      if (sealed.log !== this.evidence.log) this.fault(`${name} is of another log`);
      const follows =
        !before ||
        (sealed.previousSeal === BigInt(before.position) &&
          sealed.previousHash === before.hash &&
          sealed.first === before.last + 1n);
      if (!follows) this.fault(`${name} does not follow the one before`);
      const statement = statementOf(sealed, record.at);
      const signature = isSigned(sealed) ? to64(sealed.signature) : null;
      if (seal.statement !== statement) this.fault(`the statement of ${name} is not its record’s`);
      if (seal.signature !== signature) this.fault(`the signature of ${name} is not its record’s`);
      await this.signature(name, sealed, statement);
      this.sealed.set(seal.position, sealed);
      before = { position: seal.position, hash, last: sealed.last };
    }
  }

  private async signature(name: string, sealed: Sealed, statement: string) {
    const { signed, unknown } = this.verdict;
    if (!isSigned(sealed)) {
      ++this.verdict.unsigned;
      return;
    }
    const key = this.keys.get(sealed.key);
    if (!key) {
      count(unknown, sealed.key);
      return;
    }
    const good = await verifies(key, statement, sealed.signature);
    if (good === undefined) ++this.verdict.unchecked;
    else if (good) count(signed, sealed.key);
    else this.fault(`the signature of ${name} is wrong`);
  }

  async records() {
    const { records, tenant } = this.evidence;
    const breath = new Breath();
    let before: { position: number; hash: string; sealed: boolean } | undefined;
    for (const item of records) {
      await breath.taken();
      const name = `the record at ${item.position}`;
      const bytes = of64(item.record);
      const hash = await sha256(bytes);
      const hex = toHex(hash);
      if (hex !== item.hash) this.fault(`${name} was altered: it is not of its hash`);
      if (before && item.position <= before.position)
        this.fault(`${name} does not come after the one before`);
      const record = stored(bytes, item.position);
      if (!record) this.fault(`${name} is none that this console can read`);
      else {
        this.read.push(record);
        if (!record.ofRoom || record.tenant !== tenant || record.stream !== this.evidence.room)
          this.fault(`${name} is of another room`);
        if (before && record.previous !== before.hash)
          this.fault(`${name} does not follow the one before: one is missing, or was altered`);
      }
      if (item.seal !== null) {
        if (before && !before.sealed) this.fault(`${name} is sealed, and the one before is not`);
        await this.path(name, item, hash);
      }
      before = { position: item.position, hash: hex, sealed: item.seal !== null };
    }
  }

  private async path(name: string, item: Evidence['records'][number], hash: Bytes) {
    const sealed = this.sealed.get(item.seal ?? 0);
    const index = item.position - Number(sealed?.first);
    const size = Number(sealed?.last) - Number(sealed?.first) + 1;
    const within = index >= 0 && index < size;
    const start = await leaf(item.position, hash);
    const root = within ? await this.nodes.rootBy(start, index, size, item.path) : '';
    if (!root || root !== sealed?.root) this.fault(`${name} is not what was sealed`);
  }
}

/** Checks it, and that what is shown is what it says. Throws what is no evidence. */
export async function check(evidence: Evidence, shown: Shown): Promise<Verdict> {
  const run = new Check(evidence);
  if (evidence.call !== shown.call.callId || evidence.room !== shown.call.roomName)
    run.fault('it is evidence of another call');
  await run.readKeys();
  await run.seals();
  await run.records();
  for (const each of disagreements(shown, run.read)) run.fault(each);
  return run.verdict;
}
