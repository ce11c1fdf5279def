import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const web = dirname(dirname(fileURLToPath(import.meta.url)))
const stamp = join(web, 'dist', '.built-from')
const lock = join(web, '.build-lock')
const longestBuildMs = 120_000
const pauseMs = 200

/** What the built interface depends on. The lock file stands for all packages. */
const sources = ['index.html', 'vite.config.ts', 'public', 'src', 'scripts', '../src/flow', '../package-lock.json']

/** Newest change and number of files under the sources: cheap to read, and different whenever something changed. */
function fingerprint() {
  let newest = 0
  let count = 0
  const look = (path) => {
    const facts = statSync(path)
    if (facts.isDirectory()) {
      for (const name of readdirSync(path)) look(join(path, name))
      return
    }
    count += 1
    newest = Math.max(newest, facts.mtimeMs)
  }
  for (const source of sources) {
    const path = join(web, source)
    if (existsSync(path)) look(path)
  }
  return `${count} ${newest}`
}

/**
 * Builds `web/dist` when it is missing or older than its sources; takes a few milliseconds when it is not.
 * A published package ships `dist` without its sources, so nothing is built there.
 */
export function buildIfNeeded() {
  if (!existsSync(join(web, 'src')) || isBuilt(fingerprint())) return false
  return alone(build)
}

function isBuilt(wanted) {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted
}

function build() {
  const wanted = fingerprint()
  if (isBuilt(wanted)) return false // Another process has built it while this one waited.
  const vite = fileURLToPath(import.meta.resolve('vite'))
  const script = join(dirname(dirname(dirname(vite))), 'bin', 'vite.js')
  const built = spawnSync(process.execPath, [script, 'build', '--logLevel', 'warn'], { cwd: web, stdio: 'inherit' })
  if (built.status !== 0) throw new Error('the web interface could not be built; see above')
  writeFileSync(stamp, wanted)
  return true
}

/** Test files run in processes of their own, side by side: one builds, the others wait for it. */
function alone(work) {
  for (let waitedMs = 0; ; waitedMs += pauseMs) {
    try {
      mkdirSync(lock)
      break
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
      if (waitedMs > longestBuildMs) rmdirSync(lock) // Its owner has died.
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pauseMs)
    }
  }
  try {
    return work()
  } finally {
    rmdirSync(lock)
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) buildIfNeeded()
