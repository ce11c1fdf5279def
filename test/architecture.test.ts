import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { test } from 'node:test'

/** Who may import whom among the folders of src/. This table is the whole truth; ARCHITECTURE.md draws it. */
const mayImport: Record<string, readonly string[]> = {
  flow: [],
  jinja: [],
  outbound: [],
  connectors: ['flow'],
  access: ['flow'],
  engine: ['flow', 'jinja'],
  steps: ['flow', 'engine', 'connectors'],
  storage: ['flow', 'access'],
  webhook: ['flow', 'jinja', 'access', 'connectors', 'engine', 'storage'],
  registrations: ['flow', 'jinja', 'access', 'connectors', 'engine', 'steps', 'storage', 'webhook'],
  worker: ['flow', 'engine', 'storage', 'webhook', 'registrations', 'connectors'],
  api: ['flow', 'jinja', 'access', 'connectors', 'engine', 'storage', 'webhook', 'registrations'],
  cli: ['flow', 'access', 'connectors', 'steps', 'storage', 'worker', 'api'],
}

const src = resolve(import.meta.dirname, '../src')

function sources(dir: string): string[] {
  return readdirSync(dir, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
}

const files = sources(src)
const product = files.filter((file) => !file.endsWith('.test.ts'))

function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8')
  return [...text.matchAll(/^(?:import|export)\b[^'"]*?from '([^']+)'|^import '([^']+)'|\bimport\('([^']+)'\)/gm)].map(
    (match) => match[1] ?? match[2] ?? match[3] ?? '',
  )
}

const folderOf = (file: string) => relative(src, file).split('/').slice(0, -1)[0] ?? ''
const name = (file: string) => relative(src, file)

test('folders import only what the table allows', () => {
  for (const file of product) {
    const from = folderOf(file)
    if (from === '') continue
    assert.ok(from in mayImport, `${from}/ is not in the table; a new folder needs a decision page`)
    for (const imported of importsOf(file).filter((each) => each.startsWith('.'))) {
      const to = folderOf(resolve(dirname(file), imported))
      assert.ok(to === from || to === '' || mayImport[from]!.includes(to), `${name(file)} imports ${imported}`)
    }
  }
})

test('no file imports itself over others', () => {
  const graph = new Map(
    product.map((file) => [
      file,
      importsOf(file)
        .filter((each) => each.startsWith('.'))
        .map((each) => resolve(dirname(file), each)),
    ]),
  )
  const state = new Map<string, 'open' | 'done'>()
  const visit = (file: string, path: readonly string[]): void => {
    assert.notEqual(state.get(file), 'open', `a circle of imports: ${[...path, file].map(name).join(' > ')}`)
    if (state.has(file)) return
    state.set(file, 'open')
    for (const next of graph.get(file) ?? []) visit(next, [...path, file])
    state.set(file, 'done')
  }
  for (const file of product) visit(file, [])
})

test('flow and jinja use no Node API', () => {
  for (const file of product.filter((each) => ['flow', 'jinja'].includes(folderOf(each)))) {
    for (const imported of importsOf(file)) assert.doesNotMatch(imported, /^node:/, name(file))
  }
})

/** A word may stand only in these places. */
const onlyIn: { what: string; pattern: RegExp; where: RegExp }[] = [
  { what: 'SQL', pattern: /\b(select .+ from|insert into|update \w+ set|delete from) /i, where: /^storage\// },
  { what: 'process.env', pattern: /process\.env/, where: /^config\.ts$/ },
  { what: 'global fetch', pattern: /(?:\bawait|\breturn|=|\() ?fetch\(/, where: /^outbound(\/|\.ts$)/ },
  { what: 'undici', pattern: /from 'undici'/, where: /^outbound(\/|\.ts$)/ },
  { what: 'eval', pattern: /\beval\(|new Function\(/, where: /^never$/ },
]

for (const { what, pattern, where } of onlyIn) {
  test(`${what} stands only where it belongs`, () => {
    for (const file of product.filter((each) => !where.test(name(each)))) {
      const line = readFileSync(file, 'utf8')
        .split('\n')
        .find((each) => pattern.test(each) && !/^\s*(\/\/|\*|\/\*)/.test(each))
      assert.equal(line, undefined, name(file))
    }
  })
}

test('importing a module does nothing: only main.ts acts', () => {
  for (const file of product.filter((each) => name(each) !== 'main.ts')) {
    const acting = readFileSync(file, 'utf8')
      .split('\n')
      .find((line) => /^(await |void |[a-z]\w*(\.\w+)*\()/.test(line) && !/^(test|describe)\(/.test(line))
    assert.equal(acting, undefined, name(file))
  }
})

test('no drawers: a file or folder is called after its subject', () => {
  for (const file of files) {
    assert.doesNotMatch(
      name(file),
      /(^|\/)(utils?|helpers?|common|shared|lib|misc|types|interfaces|constants)(\/|\.|$)/,
    )
  }
})
