// Builds the console: node build.mjs <folder> [<file.cpp>]
//
// The page and its files go into the folder; with the second argument they also
// become a C++ source, which the server hands out as it is.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

import { build } from 'esbuild';

const here = dirname(fileURLToPath(import.meta.url));
const [folder, cpp] = process.argv.slice(2);
if (!folder) {
  console.error('usage: node build.mjs <folder> [<file.cpp>]');
  process.exit(2);
}

const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** Files by name. Every name but the page's own changes with the content. */
async function bundle() {
  const { outputFiles } = await build({
    absWorkingDir: here,
    entryPoints: { console: 'src/main.tsx', style: 'src/style/all.css' },
    entryNames: '[name]-[hash]',
    outdir: '/',
    bundle: true,
    minify: true,
    write: false,
    format: 'esm',
    target: ['chrome123', 'firefox120', 'safari17.5'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    legalComments: 'none',
    logLevel: 'warning',
  });
  const files = new Map(outputFiles.map(({ path, contents }) => [path.slice(1), contents]));
  const icon = readFileSync(join(here, 'src/icon.svg'));
  const hash = createHash('sha256').update(icon).digest('hex').slice(0, 8).toUpperCase();
  files.set(`icon-${hash}.svg`, icon);
  const named = (start) => [...files.keys()].find((name) => name.startsWith(start));
  const page = readFileSync(join(here, 'src/index.html'), 'utf8')
    .replace('{script}', named('console-'))
    .replace('{style}', named('style-'))
    .replace('{icon}', named('icon-'));
  return new Map([['index.html', Buffer.from(page)], ...files]);
}

/** As a string literal, whose lines no compiler finds too long. */
function literal(bytes) {
  const escaped = [...bytes].map((byte) =>
    byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c && byte !== 0x3f
      ? String.fromCharCode(byte)
      : `\\${byte.toString(8).padStart(3, '0')}`,
  );
  const lines = [];
  for (let i = 0; i < escaped.length; i += 512)
    lines.push(`"${escaped.slice(i, i + 512).join('')}"`);
  return `std::string_view{\n${lines.join('\n') || '""'}, ${bytes.length}}`;
}

function source(files) {
  const entries = [...files].map(([name, bytes]) => {
    const tag = createHash('sha256').update(bytes).digest('hex').slice(0, 16);
    const zipped = gzipSync(bytes, { level: 9 });
    const brotli = brotliCompressSync(bytes, {
      params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length },
    });
    const immutable = name !== 'index.html';
    return `    {.name = "${name}",
     .content_type = "${types[extname(name)]}",
     .tag = "${tag}",
     .immutable = ${immutable},
     .plain = ${literal(bytes)},
     .gzip = ${literal(zipped)},
     .brotli = ${literal(brotli)}},`;
  });
  return `// Made by tools/console/build.mjs.
#include "tools/callstate/console.hpp"

namespace callstate::tools {

std::span<const transports::Asset> console_files() {
  static constexpr transports::Asset files[]{
${entries.join('\n')}
  };
  return files;
}

std::string_view console_missing() { return {}; }

}  // namespace callstate::tools
`;
}

const files = await bundle();
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
for (const [name, bytes] of files) writeFileSync(join(folder, name), bytes);
if (cpp) writeFileSync(cpp, source(files));
const sizes = [...files].map(
  ([name, bytes]) => `${name} ${bytes.length} B, ${gzipSync(bytes).length} B gzipped`,
);
console.log(`the console: ${sizes.join('; ')}`);
