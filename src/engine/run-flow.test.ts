import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { z } from 'zod'
import { systemClock } from '../clock.ts'
import { type Arrow, type Flow, flowInputSchema, type Step } from '../flow/flow.ts'
import type { Json, JsonObject } from '../flow/json.ts'
import type { StepRecord } from '../flow/run.ts'
import { stepKinds } from '../steps/index.ts'
import { compileFlow, flowProblems, type StepKinds } from './compile-flow.ts'
import { runFlow } from './run-flow.ts'
import { StepError } from './step-error.ts'
import { defineStep } from './step-kind.ts'
import type { World } from './world.ts'

/** A step that yields its input, takes the branch it is told to, and fails when told to. */
const probe = defineStep({
  connector: 'probe',
  action: 'run',
  title: 'Probe',
  summary: 'Does what its input says.',
  refPrefix: 'p',
  input: z.strictObject({ label: z.string().optional(), fail: z.any().optional(), value: z.any().optional() }),
  run({ label, fail, value }) {
    if (fail === true || fail === 'True') throw new StepError('refused', 'failed as told')
    return { output: value ?? null, ...(label === undefined ? {} : { label }) }
  },
})

const kinds: StepKinds = {
  find: (connector, action) =>
    [...stepKinds, probe].find((each) => each.connector === connector && each.action === action),
  actions: (connector) =>
    [...stepKinds, probe].filter((each) => each.connector === connector).map(({ action }) => action),
}

const clock = new Date('2026-01-31T09:00:00Z')

const world: World = {
  ...systemClock,
  now: () => clock,
  waitUntil: async () => undefined,
  room: { enter: async () => () => undefined },
  call: () => Promise.reject(new Error('no call is expected')),
  callConnector: () => Promise.reject(new Error('no call is expected')),
  runCode: () => Promise.reject(new Error('no code is expected')),
  startFlow: () => Promise.reject(new Error('no flow is expected')),
  values: () => ({
    get: async () => null,
    set: async () => undefined,
    delete: async () => false,
    increment: async () => 0,
  }),
  runUrl: (id) => id,
  flowUrl: (id) => id,
}

function makeFlow(steps: (Partial<Step> & { ref: string })[], arrows: Arrow[]): Flow {
  const input = flowInputSchema.parse({
    name: 'test',
    steps: steps.map((step) => ({ connector: 'probe', action: 'run', input: {}, ...step })),
    arrows,
  })
  return { ...input, id: 'f', accountId: 'a', version: 1, createdAt: clock, updatedAt: clock }
}

async function walk(flow: Flow, payload: Json = {}, earlier: StepRecord[] = []) {
  const records: StepRecord[] = []
  const end = await runFlow({
    flow: compileFlow(flow, kinds),
    run: {
      id: '01932c07-1d5f-7d1b-8a6a-0123456789ab',
      accountId: 'a',
      trigger: 'webhook',
      input: { payload, request: null, variables: null },
      variables: {},
      earlier,
      depth: 0,
      signal: new AbortController().signal,
      onAnswer: undefined,
    },
    world,
    recorder: {
      record: (record) => records.push({ ...record }),
      show: () => undefined,
      durable: async () => undefined,
      isFull: false,
    },
  })
  return { ...end, records, ran: records.map(({ ref, path }) => (path === '' ? ref : `${ref}[${path}]`)) }
}

/** Arrows only lead from earlier to later steps, so every graph is free of cycles; some steps choose a branch. */
const graphs = fc
  .integer({ min: 1, max: 12 })
  .chain((count) =>
    fc.record({
      count: fc.constant(count),
      arrows: fc.uniqueArray(
        fc.record({
          from: fc.integer({ min: 0, max: count - 1 }),
          to: fc.integer({ min: 0, max: count - 1 }),
          label: fc.option(fc.constantFrom('true', 'false'), { nil: undefined }),
        }),
        { selector: ({ from, to }) => `${from}>${to}`, maxLength: 30 },
      ),
      labels: fc.array(fc.constantFrom('true', 'false', undefined), { minLength: count, maxLength: count }),
      shuffle: fc.array(fc.nat(), { minLength: count, maxLength: count }),
    }),
  )
  .map(({ count, arrows, labels, shuffle }) => {
    const steps = Array.from({ length: count }, (_, index) => ({
      ref: `s${index}`,
      input: (labels[index] === undefined ? {} : { label: labels[index] }) as JsonObject,
    }))
    // The order of writing must not matter; the first step stays first.
    const written = steps.slice(1).sort((a, b) => shuffle[steps.indexOf(a)]! - shuffle[steps.indexOf(b)]!)
    const forward = arrows.filter(({ from, to }) => from < to)
    return {
      steps: [steps[0]!, ...written],
      arrows: forward.map(({ from, to, label }) => ({ from: `s${from}`, to: `s${to}`, ...(label && { label }) })),
    }
  })

test('on any graph the order respects the arrows, joins run once, and a step runs exactly when an arrow into it was taken', async () => {
  await fc.assert(
    fc.asyncProperty(graphs, async ({ steps, arrows }) => {
      const flow = makeFlow(steps, arrows)
      const { ran, outcome } = await walk(flow)
      assert.equal(outcome.status, 'success')
      assert.equal(new Set(ran).size, ran.length, 'no step runs twice')
      const labelOf = (ref: string) => steps.find((step) => step.ref === ref)?.input.label
      const taken = arrows.filter(
        ({ from, label }) => ran.includes(from) && (label === undefined || label === labelOf(from)),
      )
      for (const { from, to } of taken) assert.ok(ran.indexOf(from) < ran.indexOf(to), `${from} before ${to}`)
      const expected = new Set(['s0', ...taken.map(({ to }) => to)])
      // Steps that nothing leads to but the first are not reachable, and so is what hangs on them alone.
      assert.deepEqual(new Set(ran), expected)
    }),
    { numRuns: 500 },
  )
})

test('a walk that is resumed after any of its records gives the same end and repeats nothing', async () => {
  await fc.assert(
    fc.asyncProperty(graphs, fc.nat(), async ({ steps, arrows }, cut) => {
      const flow = makeFlow(steps, arrows)
      const whole = await walk(flow)
      const before = whole.records.slice(0, cut % (whole.records.length + 1))
      const rest = await walk(flow, {}, before)
      assert.deepEqual([...before.map(({ ref }) => ref), ...rest.ran], whole.ran)
      assert.deepEqual(rest.outcome, whole.outcome)
    }),
    { numRuns: 200 },
  )
})

const loopBody = (extra: (Partial<Step> & { ref: string })[], arrows: Arrow[]) => ({
  steps: [{ ref: 'web1', connector: 'webhook', action: 'webhook' }, ...extra],
  arrows: [{ from: 'web1', to: 'loop1' }, ...arrows],
})

const loop = (list: Json, rest: JsonObject = {}) => ({
  ref: 'loop1',
  connector: 'loop',
  action: 'list',
  input: { list, ...rest },
})

test('a loop runs its body for each item and then goes on', async () => {
  const { steps, arrows } = loopBody(
    [
      loop('{{ web1.orders }}'),
      { ref: 'p1', input: { value: '{{ loop1.item }}-{{ loop1.index }}' } },
      { ref: 'after' },
    ],
    [
      { from: 'loop1', to: 'p1', label: 'ActionLoop' },
      { from: 'loop1', to: 'after' },
    ],
  )
  const { ran, records, frame } = await walk(makeFlow(steps, arrows), { orders: ['a', 'b'] })
  assert.deepEqual(ran, ['p1[0]', 'p1[1]', 'loop1', 'after'])
  assert.deepEqual(
    records.filter(({ ref }) => ref === 'p1').map(({ output }) => output),
    ['a-0', 'b-1'],
  )
  assert.deepEqual(frame.loop1, { passes: 2 })
})

test('loops stand in loops, and a resumed run goes on inside them', async () => {
  const { steps, arrows } = loopBody(
    [
      loop([1, 2]),
      { ref: 'loop2', connector: 'loop', action: 'list', input: { list: ['x', 'y'] } },
      { ref: 'p1', input: { value: '{{ loop1.item }}{{ loop2.item }}' } },
      { ref: 'p2' },
    ],
    [
      { from: 'loop1', to: 'loop2', label: 'ActionLoop' },
      { from: 'loop2', to: 'p1', label: 'ActionLoop' },
      { from: 'loop2', to: 'p2' },
    ],
  )
  const flow = makeFlow(steps, arrows)
  const whole = await walk(flow)
  assert.deepEqual(whole.ran, [
    ...['p1[0.0]', 'p1[0.1]', 'loop2[0]', 'p2[0]'],
    ...['p1[1.0]', 'p1[1.1]', 'loop2[1]', 'p2[1]', 'loop1'],
  ])
  for (let cut = 0; cut <= whole.records.length; cut++) {
    const rest = await walk(flow, {}, whole.records.slice(0, cut))
    assert.deepEqual(rest.ran, whole.ran.slice(cut))
  }
})

test('index is that of the innermost loop, in parallel passes too, unless a step is called so', async () => {
  const { steps, arrows } = loopBody(
    [
      loop('{{ web1.orders }}', { parallelism: 2 }),
      { ref: 'loop2', connector: 'loop', action: 'list', input: { list: ['x', 'y'] } },
      { ref: 'p1', input: { value: '{{ web1.orders[loop1.index][index] }}{{ index }}' } },
      { ref: 'p2', input: { value: '{{ web1.orders[index].0 }}{{ index }}' } },
      { ref: 'after', input: { value: '{{ index }}' } },
    ],
    [
      { from: 'loop1', to: 'loop2', label: 'ActionLoop' },
      { from: 'loop2', to: 'p1', label: 'ActionLoop' },
      { from: 'loop2', to: 'p2' },
      { from: 'loop1', to: 'after' },
    ],
  )
  const outputs = async (flow: Flow) => {
    const { records } = await walk(flow, { orders: ['ab', 'cd'] })
    const own = records.filter(({ ref }) => /^p\d|after|index/.test(ref))
    return Object.fromEntries(own.map(({ ref, path, output }) => [`${ref}[${path}]`, output]))
  }
  assert.deepEqual(await outputs(makeFlow(steps, arrows)), {
    ...{ 'p1[0.0]': 'a0', 'p1[0.1]': 'b1', 'p1[1.0]': 'c0', 'p1[1.1]': 'd1' },
    ...{ 'p2[0]': 'a0', 'p2[1]': 'c1', 'after[]': null },
  })
  const named = await outputs(
    makeFlow(
      [
        { ref: 'web1', connector: 'webhook', action: 'webhook' },
        { ref: 'index', input: { value: 'own' } },
        loop([1]),
        { ref: 'p1', input: { value: '{{ index }}' } },
      ],
      [
        { from: 'web1', to: 'index' },
        { from: 'index', to: 'loop1' },
        { from: 'loop1', to: 'p1', label: 'ActionLoop' },
      ],
    ),
  )
  assert.equal(named['p1[0]'], 'own')
})

test('a while loop looks at its condition after each pass', async () => {
  const { steps, arrows } = loopBody(
    [
      { ref: 'loop1', connector: 'loop', action: 'while', input: { condition: '{{ loop1.index < 2 }}' } },
      { ref: 'p1' },
    ],
    [{ from: 'loop1', to: 'p1', label: 'ActionLoop' }],
  )
  const { ran } = await walk(makeFlow(steps, arrows))
  assert.deepEqual(ran, ['p1[0]', 'p1[1]', 'p1[2]', 'loop1'])
})

for (const { on_error, ran } of [
  { on_error: 'terminate', ran: ['p1[0]', 'p2[0]', 'p1[1]'] },
  { on_error: 'continue', ran: ['p1[0]', 'p2[0]', 'p1[1]', 'p2[1]', 'p1[2]', 'p2[2]', 'loop1', 'after'] },
  { on_error: 'skip_iteration', ran: ['p1[0]', 'p2[0]', 'p1[1]', 'p1[2]', 'p2[2]', 'loop1', 'after'] },
  { on_error: 'break_loop', ran: ['p1[0]', 'p2[0]', 'p1[1]', 'loop1', 'after'] },
  { on_error: 'break_all_loops', ran: ['p1[0]', 'p2[0]', 'p1[1]', 'loop1', 'after'] },
] as const) {
  test(`a failing step in a loop with error handling ${on_error}`, async () => {
    const { steps, arrows } = loopBody(
      [
        loop([0, 1, 2]),
        { ref: 'p1', on_error, input: { fail: '{{ loop1.index == 1 }}' } },
        { ref: 'p2' },
        { ref: 'after' },
      ],
      [
        { from: 'loop1', to: 'p1', label: 'ActionLoop' },
        { from: 'p1', to: 'p2' },
        { from: 'loop1', to: 'after' },
      ],
    )
    const end = await walk(makeFlow(steps, arrows))
    assert.deepEqual(end.ran, ran)
    assert.equal(end.outcome.status, on_error === 'terminate' ? 'error' : 'success')
    assert.equal(end.records.find(({ ref, path }) => ref === 'p1' && path === '1')?.status, 'error')
  })
}

test('break all loops leaves every loop around the step and goes on after the outermost', async () => {
  const { steps, arrows } = loopBody(
    [
      loop([1, 2]),
      { ref: 'loop2', connector: 'loop', action: 'list', input: { list: [1, 2] } },
      { ref: 'p1', on_error: 'break_all_loops', input: { fail: true } },
      { ref: 'after' },
    ],
    [
      { from: 'loop1', to: 'loop2', label: 'ActionLoop' },
      { from: 'loop2', to: 'p1', label: 'ActionLoop' },
      { from: 'loop1', to: 'after' },
    ],
  )
  const { ran } = await walk(makeFlow(steps, arrows))
  assert.deepEqual(ran, ['p1[0.0]', 'loop1', 'after'])
})

test('a condition takes one arrow, a multi case the one named, and what nothing leads to does not run', async () => {
  const steps: Parameters<typeof makeFlow>[0] = [
    { ref: 'web1', connector: 'webhook', action: 'webhook' },
    {
      ref: 'if1',
      connector: 'condition',
      action: 'compare',
      input: { value_a: '{{ web1.n }}', comparison: 'greater', value_b: '10' },
    },
    { ref: 'yes' },
    { ref: 'no' },
    { ref: 'join' },
    { ref: 'case1', connector: 'multi_case', action: 'choose', input: { value: '{{ web1.kind }}' } },
    { ref: 'other' },
  ]
  const arrows = [
    { from: 'web1', to: 'if1' },
    { from: 'if1', to: 'yes', label: 'true' },
    { from: 'if1', to: 'no', label: 'false' },
    { from: 'yes', to: 'join' },
    { from: 'no', to: 'join' },
    { from: 'join', to: 'case1' },
    { from: 'case1', to: 'other', label: 'default' },
  ]
  const flow = makeFlow(steps, arrows)
  assert.deepEqual((await walk(flow, { n: 11, kind: 'a' })).ran, ['if1', 'yes', 'join', 'case1', 'other'])
  assert.deepEqual((await walk(flow, { n: 9, kind: 'default' })).ran, ['if1', 'no', 'join', 'case1', 'other'])
})

test('an env variable is seen by templates, and a ref of the same name wins over it', async () => {
  const flow = makeFlow(
    [
      { ref: 'web1', connector: 'webhook', action: 'webhook' },
      { ref: 'p1', input: { value: '{{ web1.x }}' } },
    ],
    [{ from: 'web1', to: 'p1' }],
  )
  const { records } = await walk(flow, { x: 12345678901234567890n })
  assert.equal(records[0]?.output, 12345678901234567890n)
})

const wrongFlows: {
  name: string
  steps: (Partial<Step> & { ref: string })[]
  arrows: Arrow[]
  ref: string | null
  field: string
  message: RegExp
}[] = [
  {
    name: 'a cycle',
    steps: [{ ref: 'a' }, { ref: 'b' }, { ref: 'c' }],
    arrows: [
      { from: 'a', to: 'b' },
      { from: 'b', to: 'c' },
      { from: 'c', to: 'b' },
    ],
    ref: 'b',
    field: 'arrows',
    message: /cycle/,
  },
  {
    name: 'an arrow to nowhere',
    steps: [{ ref: 'a' }],
    arrows: [{ from: 'a', to: 'zz' }],
    ref: null,
    field: 'arrows',
    message: /"zz"/,
  },
  {
    name: 'two steps of one name',
    steps: [{ ref: 'a' }, { ref: 'a' }],
    arrows: [],
    ref: 'a',
    field: 'ref',
    message: /unique/,
  },
  {
    name: 'a reserved name',
    steps: [{ ref: 'request' }],
    arrows: [],
    ref: 'request',
    field: 'ref',
    message: /reserved/,
  },
  {
    name: 'an unknown connector',
    steps: [{ ref: 'a', connector: 'nope' }],
    arrows: [],
    ref: 'a',
    field: 'connector',
    message: /"nope"/,
  },
  {
    name: 'an unknown action',
    steps: [{ ref: 'a', action: 'nope' }],
    arrows: [],
    ref: 'a',
    field: 'action',
    message: /it has run/,
  },
  {
    name: 'a template with a syntax error',
    steps: [{ ref: 'a', input: { value: '{{ a. }}' } }],
    arrows: [],
    ref: 'a',
    field: 'input.value',
    message: /line 1/,
  },
  {
    name: 'a wrong value',
    steps: [
      {
        ref: 'a',
        connector: 'condition',
        action: 'compare',
        input: { value_a: '1', comparison: 'bigger', value_b: '2' },
      },
    ],
    arrows: [],
    ref: 'a',
    field: 'input.comparison',
    message: /greater/,
  },
  {
    name: 'a webhook that is not first',
    steps: [{ ref: 'a' }, { ref: 'web1', connector: 'webhook', action: 'webhook' }],
    arrows: [{ from: 'a', to: 'web1' }],
    ref: 'web1',
    field: 'arrows',
    message: /first step/,
  },
  {
    name: 'two webhooks',
    steps: [
      { ref: 'web1', connector: 'webhook', action: 'webhook' },
      { ref: 'web2', connector: 'webhook', action: 'webhook' },
    ],
    arrows: [],
    ref: 'web2',
    field: 'action',
    message: /one starting step/,
  },
  {
    name: 'an arrow into a loop from outside',
    steps: [{ ref: 'a' }, loop([1]), { ref: 'b' }, { ref: 'c' }],
    arrows: [
      { from: 'a', to: 'loop1' },
      { from: 'loop1', to: 'b', label: 'ActionLoop' },
      { from: 'a', to: 'c' },
      { from: 'c', to: 'b' },
    ],
    ref: 'b',
    field: 'arrows',
    message: /body of "loop1"/,
  },
]

for (const { name, steps, arrows, ref, field, message } of wrongFlows) {
  test(`${name} is found, with step and field`, () => {
    const problem = flowProblems(makeFlow(steps, arrows), kinds).find(
      (each) => each.ref === ref && each.field === field,
    )
    assert.match(problem?.message ?? 'no problem', message)
  })
}

test('every helper has a form, a sentence, and a reference id of its own kind', () => {
  for (const kind of stepKinds) {
    assert.equal(kind.form.type, 'object', `${kind.connector}.${kind.action}`)
    assert.match(kind.summary, /\.$/)
    assert.match(kind.refPrefix, /^[a-z]+$/)
  }
})
