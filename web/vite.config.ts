import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import { pack } from './tools/pack.ts';

const server = process.env['FOCUS_SERVER'] ?? 'http://127.0.0.1:8000';

export default defineConfig({
  plugins: [svelte(), pack({ firstPage: ['src/pages/Today.svelte', 'src/lang/fr.ts'], budgetBytes: 120 * 1024 })],
  build: {
    target: 'es2022',
    manifest: true,
    modulePreload: { polyfill: false },
    // A hash of these characters is what the server takes for one (core/http/static_files.cpp).
    rollupOptions: {
      output: {
        hashCharacters: 'hex',
        entryFileNames: 'assets/[name]-[hash:12].js',
        chunkFileNames: 'assets/[name]-[hash:12].js',
        assetFileNames: 'assets/[name]-[hash:12][extname]',
      },
    },
  },
  // `npx vite` in web/ shows changes at once; the API is a server started with ./dev run.
  server: { proxy: { '/api': { target: server, ws: true }, '^/dev/mail(/|\\?)': server } },
});
