// Kills a server under load, again and again, and compares what it acknowledged
// and told with what its log holds in the end.
import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { sealKey } from '../e2e/seals.mjs';
import { callstate, Server, temporaryDirectory } from '../e2e/server.mjs';
import { tokenFor } from '../e2e/tokens.mjs';
import { Ledger } from './ledger.mjs';
import { Random } from './random.mjs';
import { Side } from './caller.mjs';

const { values: options } = parseArgs({
  options: {
    kills: { type: 'string', default: '20' },
    pairs: { type: 'string', default: '32' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    'seconds-between': { type: 'string', default: '0.1..0.9' },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) {
  console.log('crash.mjs [--kills 20] [--pairs 32] [--seed N] [--seconds-between 0.1..0.9]');
  process.exit(0);
}
const kills = Number(options.kills);
const pairs = Number(options.pairs);
const seed = Number(options.seed);
const [shortest, longest = shortest] = options['seconds-between'].split('..').map(Number);
if (![kills, pairs, seed, shortest, longest].every(Number.isFinite)) {
  console.error('crash.mjs: an option is no number; --help lists them');
  process.exit(2);
}

const QUIET_WITHIN_MS = 15_000;
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const began = Date.now();
const seconds = () => ((Date.now() - began) / 1000).toFixed(1);

const random = new Random(seed);
const ledger = new Ledger();
const keys = temporaryDirectory();
process.on('exit', () => rmSync(keys, { recursive: true }));
const seal = sealKey(keys);
const server = await Server.start({
  // The load is the point; and checkpoints are to be under way when it dies.
  flags: [
    '--rate-messages',
    '1000000/s',
    '--rate-calls',
    '1000000/s',
    '--checkpoint-every',
    '1000',
    ...['--seal-key', seal.key, '--seal-records', '300', '--seal-every', '200ms'],
  ],
});

const sides = [];
for (let pair = 0; pair < pairs; ++pair) {
  const room = `room-${pair}`;
  const users = [`caller-${pair}`, `callee-${pair}`];
  users.forEach((user, which) =>
    sides.push(
      new Side({
        room,
        user,
        peer: users[1 - which],
        starts: which === 0,
        // Callees of every other pair are on their inbox.
        path: which === 1 && pair % 2 === 1 ? '/v1/ws' : `/party/${room}`,
        token: tokenFor({ user }),
        random: random.fork(),
        ledger,
      }),
    ),
  );
}

const connectAll = () => sides.map((side) => side.connect(server.url));

for (let kill = 1; kill <= kills; ++kill) {
  const gone = connectAll();
  const acknowledged = ledger.acks.length;
  await pause(1000 * random.between(shortest, longest));
  await server.kill();
  await Promise.all(gone);
  const unanswered = sides.reduce((sum, side) => sum + side.unanswered.size, 0);
  console.log(
    `${seconds().padStart(5)} s  kill ${kill}/${kills}: ` +
      `${ledger.acks.length - acknowledged} acknowledged since the last, ${unanswered} in flight`,
  );
  await server.launch();
}

// The last time everybody finishes what they have begun.
const gone = connectAll();
for (const side of sides) side.stopping = true;
const deadline = Date.now() + QUIET_WITHIN_MS;
while (sides.some((side) => side.unanswered.size > 0) && Date.now() < deadline) await pause(20);
for (const side of sides) {
  for (const id of side.unanswered.keys()) ledger.breach(`${side.user}: ${id} is never answered`);
}
for (const side of sides) side.close();
await Promise.all(gone);
const stopped = await server.terminate();
if (stopped.code !== 0) ledger.breach(`the server ended with ${stopped.code ?? stopped.signal}`);

const verified = await callstate([
  ...['verify', '--data-dir', server.dataDir, '--json', '--public-key', seal.pub],
]);
if (verified.code !== 0) ledger.breach(`callstate verify: ${verified.stdout}${verified.stderr}`);
const { head, seals } =
  verified.code === 0 ? JSON.parse(verified.stdout) : { head: 0, seals: { count: 0 } };
if (seals.signaturesChecked !== seals.count || seals.sealedUpTo !== head - 1) {
  ledger.breach(`not everything is sealed and signed: ${verified.stdout}`);
}
const rooms = new Map();
for (const room of new Set(sides.map((side) => side.room))) {
  const records = await server.timeline(room);
  rooms.set(
    room,
    records.filter((record) => record.roomName === room),
  );
}
const { records } = ledger.compare(rooms, head);

const duplicates = ledger.acks.filter((ack) => ack.duplicate).length;
console.log(
  `seed ${seed}: ${kills} kills in ${seconds()} s, ${ledger.connections} connections; ` +
    `${ledger.sent} messages sent, ${ledger.repeated} repeated; ` +
    `${ledger.acks.length} acknowledged (${duplicates} as duplicates), ${ledger.refusals.length} refused; ` +
    `${ledger.heard} events heard; ${records} records in the rooms, log at position ${head}, ${seals.count} seals`,
);
if (ledger.acks.length === 0 || (kills > 0 && ledger.repeated === 0)) {
  ledger.breach('the load was none: nothing was put to the test');
}
if (ledger.breaches.length > 0) {
  // Without stop(), which would remove the log that is in question.
  console.error(`${ledger.breaches.length} breaches; the log is in ${server.dataDir}`);
  console.error(`--seed ${seed} makes the same choices again`);
  process.exit(1);
}
await server.stop();
console.log('nothing that was acknowledged or told is missing, nothing took effect twice');
