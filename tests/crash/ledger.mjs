// What the clients were told, and the comparison with what the log holds.
const SHOWN_MAX = 20;

export class Ledger {
  constructor() {
    this.sent = 0;
    this.repeated = 0;
    this.connections = 0;
    this.acks = [];
    this.refusals = [];
    this.events = new Map(); // pos -> the event, as first heard
    this.heard = 0;
    this.breaches = [];
  }

  breach(sentence) {
    this.breaches.push(sentence);
    if (this.breaches.length <= SHOWN_MAX) console.error(`BREACH: ${sentence}`);
  }

  ack(user, { id, roomName, seq, pos, outcome, duplicate }) {
    this.acks.push({ user, id, roomName, seq, pos, outcome, duplicate });
  }

  refusal(user, { id, roomName, type }, { code }) {
    this.refusals.push({ user, id, roomName, type, code });
  }

  event(message) {
    this.heard += 1;
    const known = this.events.get(message.pos);
    if (!known) {
      this.events.set(message.pos, message);
    } else if (JSON.stringify(known) !== JSON.stringify(message)) {
      this.breach(`two events at position ${message.pos}: ${JSON.stringify([known, message])}`);
    }
  }

  /** Compares with the records of all rooms, by room name, and the log's head. */
  compare(rooms, head) {
    const byPosition = new Map();
    const byMessage = new Map();
    for (const [room, records] of rooms) this.#index(room, records, byPosition, byMessage);
    for (const ack of this.acks) this.#find(ack, byMessage);
    for (const refusal of this.refusals) this.#findRefusal(refusal, byMessage);
    for (const event of this.events.values()) this.#findEvent(event, byPosition, head);
    return { records: byPosition.size };
  }

  #index(room, records, byPosition, byMessage) {
    let seq = 0;
    let position = 0;
    for (const record of records) {
      if (record.pos <= position) this.breach(`${room}: position ${record.pos} after ${position}`);
      position = record.pos;
      if (byPosition.has(record.pos)) this.breach(`position ${record.pos} is in the log twice`);
      byPosition.set(record.pos, record);
      if (record.outcome === 'applied') seq += 1;
      if (record.seq !== seq)
        this.breach(`${room}: seq ${record.seq} at ${record.pos}, not ${seq}`);
      if (!record.messageId) continue;
      const key = `${room} ${record.actor.userId} ${record.messageId}`;
      const before = byMessage.get(key);
      if (before) this.breach(`${key} took effect twice, at ${before.pos} and ${record.pos}`);
      byMessage.set(key, record);
    }
  }

  #find(ack, byMessage) {
    const record = byMessage.get(`${ack.roomName} ${ack.user} ${ack.id}`);
    if (!record) return this.breach(`acknowledged and not in the log: ${JSON.stringify(ack)}`);
    for (const field of ['pos', 'seq', 'outcome']) {
      if (record[field] === ack[field]) continue;
      this.breach(`${field} is ${record[field]} in the log: ${JSON.stringify(ack)}`);
    }
    return undefined;
  }

  #findRefusal(refusal, byMessage) {
    const record = byMessage.get(`${refusal.roomName} ${refusal.user} ${refusal.id}`);
    if (!record) return this.breach(`refused and not in the log: ${JSON.stringify(refusal)}`);
    if (record.outcome !== 'refused' || record.code !== refusal.code) {
      this.breach(`${record.outcome} ${record.code} in the log: ${JSON.stringify(refusal)}`);
    }
    return undefined;
  }

  #findEvent(event, byPosition, head) {
    const record = byPosition.get(event.pos);
    // A user's stream is in no room's timeline: its place must be free for it.
    if (event.type.startsWith('USER_')) {
      if (record || event.pos > head) this.breach(`not in the log: ${JSON.stringify(event)}`);
      return;
    }
    if (!record) return void this.breach(`not in the log: ${JSON.stringify(event)}`);
    for (const [field, value] of Object.entries(event)) {
      if (JSON.stringify(record[field]) === JSON.stringify(value)) continue;
      this.breach(
        `${field} is ${JSON.stringify(record[field])} in the log: ${JSON.stringify(event)}`,
      );
    }
  }
}
