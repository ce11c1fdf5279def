import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig, type Plugin } from 'vite'
import { precompress } from './scripts/precompress.mjs'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/**
 * One group per heavy, lazily loaded subject, so that a screen never drags in another one's libraries. A group takes what
 * its members need with it, so what the first screen needs too comes before them; what many screens share is one file
 * rather than thirty.
 */
const groups = [
  { name: 'react', test: /node_modules\/(react|react-dom|scheduler|use-sync-external-store|zustand)\//, priority: 50 },
  { name: 'base', test: /node_modules\/(@tanstack|@floating-ui)\/|web\/src\/(shell|live|access)\//, priority: 45 },
  { name: 'codemirror', test: /node_modules\/(@codemirror|@lezer|style-mod|w3c-keyname|crelt)\//, priority: 30 },
  { name: 'layout', test: /node_modules\/@dagrejs\//, priority: 30 },
  { name: 'canvas', test: /node_modules\/(@xyflow|d3-[a-z]+)\//, priority: 30 },
  { name: 'shared', test: /lucide-react|web\/src\/(components|flows\/NewFlowButton)/, minShareCount: 2, priority: 20 },
  { name: 'shared', minShareCount: 5, priority: 10 },
]

/**
 * The rules of graphs, which the builder obeys too, take a word from `src/flow/flow.ts`, where it stands beside schemas
 * that only the server needs. The browser gets that file's plain constants, and neither schemas nor zod (26 kB).
 */
function plainConstants(): Plugin {
  return {
    name: 'plain-constants',
    enforce: 'pre',
    transform(code, id) {
      if (!id.endsWith('/src/flow/flow.ts')) return undefined
      return { code: (code.match(/^export const \w+ = (?:'[^']*'|[\d_]+)$/gm) ?? []).join('\n'), map: null }
    },
  }
}

export default defineConfig({
  root: here('.'),
  plugins: [react(), plainConstants(), precompress()],
  resolve: {
    // lang-jinja calls html() when it is loaded, which costs 57 kB of HTML, CSS and JavaScript grammars for nothing:
    // what our templates surround is JSON.
    alias: { '@codemirror/lang-html': here('src/builder/template/lang-html-as-json.ts') },
  },
  build: {
    outDir: 'dist',
    target: 'es2023',
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 600,
    manifest: true,
    rolldownOptions: {
      output: { codeSplitting: { groups } },
    },
  },
  server: { proxy: { '/v1': 'http://127.0.0.1:8080', '/healthz': 'http://127.0.0.1:8080' } },
})
