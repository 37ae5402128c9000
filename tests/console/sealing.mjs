// Records, seals and evidence of them, made without a server: schemas/record.fbs and
// docs/evidence.md by other hands.
import { createHash, generateKeyPairSync, sign } from 'node:crypto';

export const sha = (...parts) =>
  parts.reduce((hash, part) => hash.update(part), createHash('sha256')).digest();
const number = (bytes, write, value) => {
  const buffer = Buffer.alloc(bytes);
  buffer[write](value);
  return buffer;
};
const u8 = (value) => Buffer.of(value);
const u32 = (value) => number(4, 'writeUInt32LE', value);
const u64 = (value) => number(8, 'writeBigUInt64LE', BigInt(value));
const hex = (text) => Buffer.from(text, 'hex');

// What a field may be besides plain bytes: something that lies elsewhere.
const text = (value) => () => Buffer.concat([u32(Buffer.byteLength(value)), Buffer.from(value)]);
const texts = (values) => () => {
  const all = values.map((value) => text(value)());
  const places = [];
  let at = 4 * all.length;
  for (const [i, each] of all.entries()) {
    places.push(u32(at - 4 * i));
    at += each.length;
  }
  return Buffer.concat([u32(all.length), ...places, ...all]);
};
const table = (fields) => () => {
  const fixed = [];
  const later = [];
  const offsets = [];
  let size = 4;
  const elsewhere = [];
  for (const field of fields) {
    if (field === undefined) {
      offsets.push(0);
      continue;
    }
    offsets.push(size);
    const bytes = typeof field === 'function' ? Buffer.alloc(4) : field;
    if (typeof field === 'function') elsewhere.push([bytes, size, field]);
    fixed.push(bytes);
    size += bytes.length;
  }
  let end = size;
  for (const [place, at, make] of elsewhere) {
    // A table begins behind its own list of fields.
    const made = make();
    const start = made.start ?? 0;
    place.writeUInt32LE(end + start - at);
    later.push(made);
    end += made.length;
  }
  const vtable = Buffer.alloc(4 + 2 * offsets.length);
  vtable.writeUInt16LE(vtable.length, 0);
  vtable.writeUInt16LE(size, 2);
  offsets.forEach((offset, i) => vtable.writeUInt16LE(offset, 4 + 2 * i));
  const body = Buffer.concat([vtable, number(4, 'writeInt32LE', vtable.length), ...fixed, ...later]);
  return Object.assign(body, { start: vtable.length });
};

const given = (value, how) => (value ? how(value) : undefined);

/** A record's bytes. `type` is its payload's number in the union, `own` its fields. */
export function recordOf({ seq, at, by, device, call, outcome, code, type, own, previous, ...of }) {
  const root = table([
    u8(of.kind ?? 0),
    given(of.tenant, text),
    given(of.room, text),
    u64(seq),
    u64(at),
    by ? table([text(by), u8(of.role ?? 0), given(device, text)]) : undefined,
    undefined,
    given(call, (id) => hex(id.replaceAll('-', ''))),
    u8(outcome ?? 0),
    u8(code ?? 0),
    u8(type),
    table(own),
    given(previous, hex),
  ])();
  return Buffer.concat([u32(8 + root.start), Buffer.from('CSR1'), root]);
}

/** The root of the tree over the leaves, and the path to it from one of them. */
function tree(leaves, index) {
  if (leaves.length === 1) return { root: leaves[0], path: [] };
  let half = 1;
  while (half * 2 < leaves.length) half *= 2;
  const [left, right] = [leaves.slice(0, half), leaves.slice(half)];
  const inLeft = index < half;
  const own = tree(inLeft ? left : right, inLeft ? index : index - half);
  const other = tree(inLeft ? right : left, 0).root;
  const root = inLeft ? sha(Buffer.of(1), own.root, other) : sha(Buffer.of(1), other, own.root);
  return { root, path: [...own.path, other.toString('hex')] };
}

const call = '01976f00-0000-7000-8000-000000000001';
const log = '0d9e6c1e-6a63-4f2e-9f0f-6c0f3c7a4f55';
const began = 1_790_000_000_000_000n;
const signals = 9;
const room = 'sales';
const tenant = 'acme';

/** The records of a call of ann and bob, at these positions; and what is shown of it. */
function callAt(positions) {
  const shown = [];
  const records = new Map();
  let previous;
  const put = (position, event, stored) => {
    const i = shown.length;
    const at = began + BigInt(i) * 1_000_001n;
    const bytes = recordOf({ tenant, room, seq: i + 1, at, call, previous, ...stored });
    previous = sha(bytes).toString('hex');
    records.set(position, bytes);
    const seconds = new Date(Number(began / 1000n) + 1000 * i).toISOString().slice(0, -4);
    shown.push({
      ...{ roomName: room, seq: i + 1, pos: position, callId: call, by: stored.by },
      ...{ at: `${seconds}${String(i).padStart(6, '0')}Z`, deviceId: stored.device, ...event },
    });
  };
  for (const [i, position] of positions.entries()) {
    if (i === 0)
      put(
        position,
        {
          ...{ type: 'CALL_STARTED', callerId: 'ann', callerName: 'Ann Ö', calleeId: 'bob' },
          ...{ calleeIds: ['bob'], calleeName: '', metadata: { lead: 7 } },
        },
        {
          ...{ by: 'ann', device: 'desk', type: 1 },
          own: [text('ann'), text('Ann Ö'), texts(['bob']), undefined, text('{"lead":7}')],
        },
      );
    else if (i === 1)
      put(
        position,
        { type: 'ACCEPTED', outcome: 'refused', code: 'WRONG_STATE', acceptedBy: 'bob' },
        { by: 'bob', device: 'phone', type: 3, outcome: 2, code: 8, own: [] },
      );
    else
      put(
        position,
        { type: 'SIGNAL', from: 'ann', to: 'bob', data: { i } },
        { by: 'ann', device: 'desk', type: signals, own: [text('bob'), text(`{"i":${i}}`)] },
      );
  }
  const of = {
    ...{ callId: call, roomName: room, status: 'RINGING', callerId: 'ann', callerName: 'Ann Ö' },
    ...{ calleeId: 'bob', calleeName: '', metadata: { lead: 7 } },
    participants: [
      { userId: 'ann', role: 'caller', userRole: 'CRM_USER' },
      { userId: 'bob', role: 'callee', userRole: null },
    ],
    ...{ startedAt: shown[0].at, startedPos: positions[0], pos: positions[0] },
  };
  return { records, shown: { call: of, events: shown } };
}

/** Evidence of a call that has these positions of a log, sealed `size` at a time, from
 * position 11 on; and what is shown of the call. `key` signs; null: nobody. */
export function evidenceOf({ count, size, take, key = generateKeyPairSync('ed25519') }) {
  const der = key?.publicKey.export({ type: 'spki', format: 'der' });
  const id = key ? sha(der).subarray(0, 16).toString('hex') : '0'.repeat(32);
  const positions = Array.from({ length: count }, (_, i) => 11 + i);
  const made = callAt(take);
  const bytes = (at) => made.records.get(at) ?? Buffer.from(`of another call ${at}`);
  const seals = [];
  const records = [];
  for (let from = 0; from < count; from += size) {
    const part = positions.slice(from, from + size);
    const leaves = part.map((at) => {
      const place = number(8, 'writeBigUInt64BE', BigInt(at));
      return sha(Buffer.of(0), place, sha(bytes(at)));
    });
    const position = 1000 + from;
    part.forEach((at, index) => {
      if (!take.includes(at)) return;
      records.push({
        position: at,
        record: bytes(at).toString('base64'),
        hash: sha(bytes(at)).toString('hex'),
        seal: position,
        path: tree(leaves, index).path,
      });
    });
    const before = seals.at(-1);
    const { root } = tree(leaves, 0);
    const statement = [
      'callstate seal 1',
      `log ${log}`,
      `first ${part[0]}`,
      `last ${part.at(-1)}`,
      `records ${part.length}`,
      `root ${root.toString('hex')}`,
      `previous-seal ${before?.position ?? 0}`,
      `previous-hash ${before?.hash ?? '0'.repeat(64)}`,
      `microseconds ${began}`,
      `key ${id}`,
      '',
    ].join('\n');
    const signature = key ? sign(null, Buffer.from(statement), key.privateKey) : undefined;
    const own = [
      ...[u64(part[0]), u64(part.at(-1)), root, u64(before?.position ?? 0)],
      ...[given(before?.hash, hex), text(log), key ? hex(id) : undefined, signature],
    ];
    const record = recordOf({ kind: 2, seq: 1, at: began, type: 18, own });
    seals.push({
      position,
      statement,
      signature: signature?.toString('base64') ?? null,
      record: record.toString('base64'),
      hash: sha(record).toString('hex'),
    });
  }
  const pem = key?.publicKey.export({ type: 'spki', format: 'pem' });
  const keys = key ? [{ id, publicKey: pem }] : [];
  return { id, shown: made.shown, evidence: { log, tenant, room, call, records, seals, keys } };
}
