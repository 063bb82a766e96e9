// The last step of the build: every file becomes its gzip (that is how the server keeps and sends it), the sizes are
// printed, and a first page over its budget fails the build.
import { readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

interface Chunk {
  file: string;
  isEntry?: boolean;
  imports?: string[];
  dynamicImports?: string[];
  css?: string[];
}
type Manifest = Record<string, Chunk>;

interface Options {
  /** What a first visit loads beside the entry: sources of pages that come by dynamic import. */
  firstPage: string[];
  budgetBytes: number;
}

/** All files that loading `key` loads, without what comes later by dynamic import. */
function filesOf(manifest: Manifest, key: string, found = new Set<string>()): Set<string> {
  const chunk = manifest[key];
  if (!chunk) throw new Error(`the manifest has no ${key}`);
  if (found.has(chunk.file)) return found;
  found.add(chunk.file);
  for (const css of chunk.css ?? []) found.add(css);
  for (const other of chunk.imports ?? []) filesOf(manifest, other, found);
  return found;
}

function kilobytes(bytes: number): string {
  return `${(bytes / 1024).toFixed(1).padStart(7)} KB`;
}

export function pack(options: Options): Plugin {
  let folder = '';
  return {
    name: 'pack',
    apply: 'build',
    configResolved(config) {
      folder = join(config.root, config.build.outDir);
      if (config.build.outDir.startsWith('/')) folder = config.build.outDir;
    },
    closeBundle() {
      const manifest = JSON.parse(readFileSync(join(folder, '.vite/manifest.json'), 'utf8')) as Manifest;
      rmSync(join(folder, '.vite'), { recursive: true });
      const sizes = new Map<string, number>();
      for (const entry of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
        const path = join(folder, entry);
        if (!statSync(path).isFile()) continue;
        const zipped = gzipSync(readFileSync(path), { level: 9 });
        writeFileSync(`${path}.gz`, zipped);
        rmSync(path);
        sizes.set(relative(folder, path), zipped.length);
      }
      const first = new Set(['index.html']);
      for (const [key, chunk] of Object.entries(manifest)) if (chunk.isEntry) filesOf(manifest, key, first);
      for (const page of options.firstPage) filesOf(manifest, page, first);
      const sum = [...first].reduce((total, file) => total + (sizes.get(file) ?? 0), 0);
      console.log('web pages, compressed (* belongs to the first page):');
      for (const [file, size] of sizes) console.log(`${kilobytes(size)} ${first.has(file) ? '*' : ' '} ${file}`);
      console.log(`${kilobytes(sum)}   first page; the budget is ${kilobytes(options.budgetBytes).trim()}`);
      if (sum > options.budgetBytes) throw new Error(`the first page has ${sum} bytes, its budget is ${options.budgetBytes}`);
    },
  };
}
