import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'

const dist = join(dirname(dirname(fileURLToPath(import.meta.url))), 'dist')
const kilobyte = 1024

/** What each screen may cost, cold, in kB of gzip (ui.md section 6). Entries are source files, as the manifest names them. */
const budgets = [
  { what: 'flows list, cold', entries: ['index.html', 'src/flows/FlowList.tsx'], limit: 240 },
  { what: 'debugger, cold', entries: ['index.html', 'src/runs/RunsPage.tsx'], limit: 240 },
  { what: 'builder canvas, cold', entries: ['index.html', 'src/builder/FlowPage.tsx'], limit: 310 },
  {
    what: '… with the response tab',
    entries: ['index.html', 'src/builder/FlowPage.tsx', 'src/builder/template/TemplateInput.tsx'],
    limit: 460,
  },
  {
    what: '… with an action’s form',
    entries: [
      'index.html',
      'src/builder/FlowPage.tsx',
      'src/builder/template/TemplateInput.tsx',
      'src/builder/connector/ActionPanel.tsx',
    ],
    limit: 540,
  },
]
const cssLimit = 28
const chunkLimit = 140
const requestLimit = 16

const manifest = JSON.parse(readFileSync(join(dist, '.vite', 'manifest.json'), 'utf8'))
const sizes = new Map()

function size(file) {
  if (!sizes.has(file)) sizes.set(file, gzipSync(readFileSync(join(dist, file)), { level: 9 }).length / kilobyte)
  return sizes.get(file)
}

/** The files that must be there before a set of entries can run: what they import, and what that imports. */
function closure(entries) {
  const files = new Set()
  const seen = new Set()
  const visit = (key) => {
    if (seen.has(key) || manifest[key] === undefined) return
    seen.add(key)
    const { file, css = [], imports = [] } = manifest[key]
    files.add(file)
    for (const each of css) files.add(each)
    imports.forEach(visit)
  }
  entries.forEach(visit)
  return [...files]
}

const lines = []
const over = []
function judge(what, value, limit, unit = 'kB') {
  lines.push(
    `${value > limit ? '✖' : '✔'} ${what.padEnd(28)} ${value.toFixed(unit === 'kB' ? 1 : 0).padStart(6)} / ${limit} ${unit}`,
  )
  if (value > limit) over.push(what)
}

const sum = (files, extension) =>
  files.filter((file) => file.endsWith(extension)).reduce((total, file) => total + size(file), 0)
let mostCss = 0
for (const { what, entries, limit } of budgets) {
  if (!entries.every((entry) => manifest[entry] !== undefined)) continue
  const files = closure(entries)
  judge(what, sum(files, '.js'), limit)
  mostCss = Math.max(mostCss, sum(files, '.css'))
}
judge('CSS of the heaviest screen', mostCss, cssLimit)
const scripts = readdirSync(join(dist, 'assets')).filter((name) => name.endsWith('.js'))
judge('largest chunk', Math.max(...scripts.map((name) => size(`assets/${name}`))), chunkLimit)
// The page itself, scheme.js and the icon come on top of what the manifest knows.
judge('requests to the first screen', closure(['index.html', 'src/flows/FlowList.tsx']).length + 3, requestLimit, '')

console.log(lines.join('\n'))
if (over.length > 0) {
  console.error(`over budget: ${over.join(', ')}`)
  process.exit(1)
}
