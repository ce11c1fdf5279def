import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Json, JsonObject } from '../../src/flow/json.ts'
import { startProduct, webhookFlow } from './rig.ts'

const product = await startProduct({ HOOKLINE_CODE: '1' })

async function runCode(
  code: string,
  rest: JsonObject = {},
): Promise<{ status: number; text: string; error: JsonObject | null }> {
  const step = { ref: 'code1', connector: 'code', action: 'run', input: { code, input: '{{ web1 }}', ...rest } }
  const flow = await product.flow(webhookFlow('{{ code1 }}', [step]))
  const { status, text, headers } = await flow.call({ body: '{"items":[{"n":1},{"n":2}],"who":"Ada"}' })
  const run = (await product.api('GET', `/v1/flow-runs/${headers.get('x-flow-run-id')}`)).json as JsonObject
  return { status, text, error: run.error as JsonObject | null }
}

const good: { name: string; code: string; output: Json }[] = [
  {
    name: 'what it returns is its output',
    code: 'return { sum: input.items.reduce((a, b) => a + b.n, 0) }',
    output: { sum: 3 },
  },
  {
    name: 'promises are waited for',
    code: 'const a = await Promise.resolve(2)\nreturn [a, await (async () => 3)()]',
    output: [2, 3],
  },
  { name: 'no return is null', code: 'const a = 1', output: null },
  { name: 'what JSON can’t say is left out', code: 'return { a: undefined, b: () => 1, c: NaN }', output: { c: null } },
  {
    name: 'code is no template',
    code: `const a = { b: {c: 1}}; return \`\${{x: 1}.x}{{ web1.who }}{% if %}\` + a.b.c`,
    output: '1{{ web1.who }}{% if %}1',
  },
  { name: 'a comment at the end hides nothing', code: 'return 5 // five', output: 5 },
  {
    name: 'nothing of the outside is there',
    code: "return ['process', 'require', 'fetch', 'setTimeout', 'WebAssembly', 'console', 'Deno', 'std', 'os'].filter((name) => name in globalThis)",
    output: [],
  },
  {
    name: 'a constructor leads nowhere either',
    code: "return typeof input.constructor.constructor('return this')().process",
    output: 'undefined',
  },
  {
    name: 'tampered JSON is the code’s own loss',
    code: 'JSON.stringify = () => "no"; Object.prototype.toJSON = () => 7; return {}',
    output: 7,
  },
]

for (const { name, code, output } of good) {
  test(`code: ${name}`, async () => {
    const { status, text, error } = await runCode(code)
    assert.equal(status, 200, JSON.stringify(error))
    assert.deepEqual(typeof output === 'string' ? text : JSON.parse(text), output)
  })
}

const bad: { name: string; code: string; input?: JsonObject; error: { kind: string; message: RegExp } }[] = [
  {
    name: 'an error is told with its line',
    code: 'const a = 1\nreturn a.b.c',
    error: { kind: 'code_failed', message: /^TypeError: .*\(line 2\)$/ },
  },
  {
    name: 'so is a fault in the text',
    code: 'return 1\n}{',
    error: { kind: 'code_failed', message: /^SyntaxError: .*\(line 2\)$/ },
  },
  { name: 'anything may be thrown', code: 'throw "no"', error: { kind: 'code_failed', message: /the code threw no/ } },
  { name: 'imports are refused', code: "await import('node:fs')", error: { kind: 'code_failed', message: /./ } },
  {
    name: 'a loop without end',
    code: 'for (;;);',
    input: { timeout_seconds: 1 },
    error: { kind: 'timeout', message: /longer than 1 s/ },
  },
  {
    name: 'one that catches what stops it',
    code: 'for (;;) { try { for (;;); } catch {} }',
    input: { timeout_seconds: 1 },
    error: { kind: 'timeout', message: /longer than 1 s/ },
  },
  {
    name: 'a promise that never comes',
    code: 'await new Promise(() => {})',
    error: { kind: 'code_failed', message: /never comes/ },
  },
  {
    name: 'a recursion without end',
    code: 'const f = () => f() + 1; return f()',
    error: { kind: 'code_failed', message: /stack/i },
  },
  {
    name: 'memory without end',
    code: 'const a = []; for (;;) a.push("x".repeat(1e6) + a.length)',
    error: { kind: 'limit', message: /memory/ },
  },
  {
    name: 'an expression that backtracks',
    code: 'return /^(a+)+$/.test("a".repeat(40) + "b")',
    input: { timeout_seconds: 1 },
    error: { kind: 'timeout', message: /longer than 1 s/ },
  },
  {
    name: 'a sort of millions',
    code: 'return Array.from({ length: 5e6 }, Math.random).sort().length',
    input: { timeout_seconds: 1 },
    error: { kind: 'limit', message: /memory/ },
  },
  { name: 'an output of megabytes', code: 'return "x".repeat(12e6)', error: { kind: 'too_large', message: /output/ } },
  {
    name: 'a value that holds itself',
    code: 'const a = {}; a.a = a; return a',
    error: { kind: 'code_failed', message: /circular/ },
  },
  {
    name: 'a time beyond the longest',
    code: 'return 1',
    input: { timeout_seconds: '{{ 31 }}' },
    error: { kind: 'invalid_input', message: /timeout_seconds/ },
  },
]

for (const { name, code, input, error: expected } of bad) {
  test(`code: ${name} is an error of its step`, async () => {
    const started = performance.now()
    const { status, error } = await runCode(code, input)
    assert.equal(status, 500)
    assert.equal(error?.ref, 'code1')
    assert.equal(error?.kind, expected.kind, String(error?.message))
    assert.match(String(error?.message), expected.message)
    assert.ok(performance.now() - started < 8_000)
  })
}

test('code that is cancelled stops, and more code than there are places waits', async () => {
  const step = { ref: 'code1', connector: 'code', action: 'run', input: { code: 'for (;;);', timeout_seconds: 30 } }
  const slow = await product.flow(webhookFlow('', [step], { async: true }))
  const ids = await Promise.all(
    Array.from({ length: 6 }, async () => (await slow.call({ body: '{}' })).headers.get('x-flow-run-id')!),
  )
  const waiting = runCode('return 1')
  for (const id of ids) assert.equal((await product.api('POST', `/v1/flow-runs/${id}/cancel`)).status, 200)
  for (const id of ids) assert.equal((await product.ended(id)).status, 'cancelled')
  assert.equal((await waiting).text, '1')
})
