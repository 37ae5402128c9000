// The rows as a back end reads them: by the real Prisma client, generated from our
// schema.
import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { PrismaPg } from "@prisma/adapter-pg";

const here = import.meta.dirname;
let tool;
let about;
let prisma;

// `prisma generate` asks for the engine of its migrations, which is not on npm and
// does nothing here: the client's own queries are compiled by WebAssembly.
function generate() {
  const folder = mkdtempSync(join(here, "node_modules", ".schema-"));
  const schema = join(folder, "schema.prisma");
  copyFileSync(process.env.SCHEMA_PRISMA, schema);
  try {
    execFileSync(join(here, "node_modules/.bin/prisma"), ["generate", "--schema", schema], {
      cwd: here,
      env: { ...process.env, PRISMA_SCHEMA_ENGINE_BINARY: "/bin/true", CHECKPOINT_DISABLE: "1" },
      stdio: ["ignore", "ignore", "inherit"],
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function firstLine(stream) {
  return new Promise((resolve, reject) => {
    let text = "";
    stream.on("data", (chunk) => {
      text += chunk;
      if (text.includes("\n")) resolve(text.slice(0, text.indexOf("\n")));
    });
    stream.on("end", () => reject(new Error("rows_tool ended early")));
  });
}

before(async () => {
  generate();
  tool = spawn(process.env.ROWS_TOOL, { stdio: ["pipe", "pipe", "inherit"] });
  about = JSON.parse(await firstLine(tool.stdout));
  const { PrismaClient } = createRequire(import.meta.url)("@prisma/client");
  const adapter = new PrismaPg({ host: about.host, database: about.database, user: "postgres" });
  prisma = new PrismaClient({ adapter });
});

after(async () => {
  await prisma?.$disconnect();
  tool?.stdin.end();
});

/** What `metadata` and `payload` say: text where jsonb could not carry it. */
const read = (json) => (json?.$json === undefined ? json : JSON.parse(json.$json));

test("every row is there, in the types of the schema", async () => {
  assert.equal(await prisma.callLog.count(), about.calls);
  assert.equal(await prisma.callEvent.count(), about.events);
  const call = await prisma.callLog.findFirstOrThrow({ where: { status: "ENDED" } });
  assert.match(call.id, /^[0-9a-f]{8}-/);
  assert.ok(call.startedAt instanceof Date && call.endedAt instanceof Date);
  assert.equal(typeof call.duration, "number");
  assert.equal(typeof call.position, "bigint");
  assert.ok(Array.isArray(call.participants) && "user" in call.participants[0]);
});

test("a user's history is read newest first, page by page", async () => {
  const where = { tenantId: "acme", OR: [{ fromUserId: "alice" }, { toUserId: "alice" }] };
  const orderBy = [{ startedAt: "desc" }, { id: "desc" }];
  const all = await prisma.callLog.findMany({ where, orderBy });
  assert.ok(all.length > 4);
  const pages = [];
  for (let cursor; pages.length < all.length; cursor = { id: pages.at(-1).id }) {
    const more = cursor ? { cursor, skip: 1 } : {};
    pages.push(...(await prisma.callLog.findMany({ where, orderBy, take: 3, ...more })));
  }
  assert.deepEqual(pages, all);
  assert.ok(all.every((call, i) => i === 0 || all[i - 1].startedAt >= call.startedAt));
});

test("the events of a call come in the order of the log", async () => {
  const call = await prisma.callLog.findFirstOrThrow({ where: { endReason: "hangup" } });
  const events = await prisma.callEvent.findMany({
    where: { callId: call.id, outcome: "applied" },
    orderBy: { position: "asc" },
  });
  assert.equal(events[0].eventType, "CALL_STARTED");
  assert.equal(events[0].position, call.position);
  assert.ok(events.some((event) => event.eventType === "ENDED"));
  assert.equal(events[0].payload.type, "CALL_STARTED");
  const same = await prisma.callEvent.findUniqueOrThrow({ where: { position: call.position } });
  assert.deepEqual(same, events[0]);
});

test("metadata of odd shapes is what was sent", async () => {
  const calls = await prisma.callLog.findMany({ select: { metadata: true } });
  const seen = calls.map(({ metadata }) => JSON.stringify(read(metadata)));
  for (const sent of ['{"z":"\\u0000"}', '{"$json":"mine"}', '{"case":17,"urgent":true}', "null"]) {
    assert.ok(seen.includes(sent), `${sent} is not among them`);
  }
  const zero = calls.map(({ metadata }) => read(metadata)).find((value) => value && "m" in value);
  assert.ok(Object.is(zero.n, -0));
});

test("the checkpoint says how far the rows have come", async () => {
  const { position } = await prisma.projectionCheckpoint.findUniqueOrThrow({
    where: { projection: "postgres" },
  });
  assert.equal(position, BigInt(about.position));
});
