import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'
import { precompress } from './scripts/precompress.mjs'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))

/** One group per heavy, lazily loaded subject, so that a screen never drags in another one's libraries. */
const groups = [
  { name: 'react', test: /node_modules\/(react|react-dom|scheduler)\//, priority: 40 },
  { name: 'codemirror', test: /node_modules\/(@codemirror|@lezer|style-mod|w3c-keyname|crelt)\//, priority: 30 },
  { name: 'form', test: /node_modules\/(@rjsf|@cfworker|@x0k|lodash|lodash-es|markdown-to-jsx)\//, priority: 30 },
  { name: 'layout', test: /node_modules\/@dagrejs\//, priority: 30 },
  { name: 'canvas', test: /node_modules\/(@xyflow|d3-[a-z]+)\//, priority: 30 },
]

export default defineConfig({
  root: here('.'),
  plugins: [react(), precompress()],
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
    rolldownOptions: { output: { codeSplitting: { groups } } },
  },
  server: { proxy: { '/v1': 'http://127.0.0.1:8080', '/healthz': 'http://127.0.0.1:8080' } },
})
