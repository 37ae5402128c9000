// The parts of the console that need no browser.
import { webcrypto } from 'node:crypto';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

globalThis.crypto ??= webcrypto;

const root = resolve(fileURLToPath(new URL('.', import.meta.url)), '../../tools/console');
const { build } = createRequire(`${root}/package.json`)('esbuild');

const { outputFiles } = await build({
  absWorkingDir: root,
  stdin: {
    contents: `
      export * from './src/model/fold.ts';
      export * from './src/model/time.ts';
      export * from './src/model/words.ts';
      export * from './src/model/recording.ts';
      export * from './src/ladder/lanes.ts';
      export * from './src/ladder/rows.ts';
      export { EventReader, follow } from './src/api/stream.ts';
      export { ApiError } from './src/api/client.ts';
      export { read } from './src/api/session.ts';
      export { check } from './src/model/evidence.ts';
      export { stored, timeOf } from './src/model/stored.ts';
      export { parse } from './src/route.ts';`,
    resolveDir: root,
  },
  bundle: true,
  format: 'esm',
  write: false,
});
export const model = await import(
  `data:text/javascript;base64,${Buffer.from(outputFiles[0].contents).toString('base64')}`
);
