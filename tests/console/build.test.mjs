// The console's build: what it writes, and that the server's build goes on without it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { after, before, test } from 'node:test';

const root = resolve(fileURLToPath(new URL('.', import.meta.url)), '../..');
const CMAKE = process.env.CALLSTATE_CMAKE ?? 'cmake';
let folder;
let source;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'callstate-console-'));
  source = join(folder, 'source');
  const filter = (path) => !path.includes('node_modules');
  cpSync(join(root, 'tools/console'), source, {
    recursive: true,
    preserveTimestamps: true,
    filter,
  });
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** Builds as CMake does; gives the source that is compiled, and whether it is done. */
function built(npm) {
  const output = join(folder, 'console_files.cpp');
  const stamp = join(folder, 'stamp');
  const given = { NODE: process.execPath, NPM: npm, SOURCE: source, OUTPUT: output, STAMP: stamp };
  const flags = Object.entries(given).map(([name, value]) => `-D${name}=${value}`);
  const script = join(root, 'cmake/BuildConsole.cmake');
  execFileSync(CMAKE, [...flags, `-DFOLDER=${join(folder, 'console')}`, '-P', script], {
    stdio: 'pipe',
  });
  return { text: readFileSync(output, 'utf8'), done: existsSync(stamp) };
}

test('an npm that fails leaves the console out, and the next build tries again', () => {
  const { text, done } = built('false');
  assert.match(text, /built without its console: npm could not install/);
  assert.ok(!done);
});

test('a bundle that does not build leaves it out, too; one that does is there', () => {
  symlinkSync(join(root, 'tools/console/node_modules'), join(source, 'node_modules'));
  // The copy's lock is as old as the one that was installed by: npm is not asked.
  const main = join(source, 'src/main.tsx');
  const away = `${main}.away`;
  cpSync(main, away);
  rmSync(main);
  assert.match(built('false').text, /built without its console: its own build failed/);
  cpSync(away, main);
  const { text, done } = built('false');
  assert.ok(done);
  assert.ok(!text.includes('without its console'));
  const names = [...text.matchAll(/\.name = "([^"]+)"/g)].map(([, name]) => name);
  assert.equal(names.length, 4);
  assert.equal(names[0], 'index.html');
});
