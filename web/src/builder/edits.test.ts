import assert from 'node:assert/strict'
import { test } from 'node:test'
import { applyEdit, type Edit, editProblem, type StepRules } from './edits.ts'
import { changedRefs, documentText, type FlowDocument, type FlowSettings, type Step } from './flow-document.ts'
import { renameInTemplate, renameRef } from './rename-ref.ts'

const rules: StepRules = {
  starts: ({ connector }) => connector === 'webhook',
  branches: ({ connector }) => (connector === 'condition' ? ['true', 'false'] : [undefined]),
}

const settings: FlowSettings = {
  webhook_token_enabled: true,
  data_retention_days: 30,
  log_all_steps: true,
  automatic_retries: true,
  rate_limit_per_minute: null,
  error_flow_id: null,
  error_email_recipients: [],
  max_concurrent_runs: null,
  order_by_key: '{{ web1.id }}',
  run_title: null,
}

function step(ref: string, x: number, y = 0, input = {}): Step {
  const connector = ref.startsWith('web') ? 'webhook' : ref.startsWith('if') ? 'condition' : 'http'
  return { ref, connector, action: 'request', input, on_error: 'terminate', run_error_flow: true, position: { x, y } }
}

function flow(steps: Step[], arrows: FlowDocument['arrows']): FlowDocument {
  return { name: 'Test', description: '', settings, steps, arrows }
}

const apply = (document: FlowDocument, edit: Edit) => applyEdit(document, edit, rules)
const ways = ({ arrows }: FlowDocument) => arrows.map(({ from, to, label }) => `${from}-${label ?? ''}-${to}`).sort()

test('a trigger goes before the former first step, left of everything', () => {
  const after = apply(flow([step('con1', 40, 70), step('con2', 400)], [{ from: 'con1', to: 'con2' }]), {
    kind: 'add_step',
    step: step('web1', 9_999),
    place: { at: 'start' },
  })
  assert.deepEqual(after.steps[0]?.position, { x: -260, y: 70 })
  assert.deepEqual(ways(after), ['con1--con2', 'web1--con1'])
})

test('a second trigger is refused', () => {
  const document = flow([step('web1', 0)], [])
  const edit: Edit = { kind: 'add_step', step: step('web2', 0), place: { at: 'start' } }
  assert.match(editProblem(document, edit, rules) ?? '', /one trigger/)
  assert.equal(apply(document, edit), document)
})

test('nothing leads into the trigger and no arrow closes a cycle', () => {
  const document = flow(
    [step('web1', 0), step('con1', 300), step('con2', 600)],
    [
      { from: 'web1', to: 'con1' },
      { from: 'con1', to: 'con2' },
    ],
  )
  assert.match(editProblem(document, { kind: 'connect', arrow: { from: 'con2', to: 'web1' } }, rules) ?? '', /starts/)
  assert.match(editProblem(document, { kind: 'connect', arrow: { from: 'con2', to: 'con1' } }, rules) ?? '', /cycle/)
  assert.equal(editProblem(document, { kind: 'connect', arrow: { from: 'web1', to: 'con2' } }, rules), undefined)
})

test('a step put on an arrow stands between its ends', () => {
  const document = flow([step('if1', 0), step('con1', 300)], [{ from: 'if1', to: 'con1', label: 'false' }])
  const after = apply(document, {
    kind: 'add_step',
    step: step('con2', 0),
    place: { at: 'arrow', arrow: document.arrows[0]! },
  })
  assert.deepEqual(ways(after), ['con2--con1', 'if1-false-con2'])
  assert.deepEqual(after.steps.find(({ ref }) => ref === 'con1')?.position, { x: 600, y: 0 })
})

test('a step added after another goes before what followed', () => {
  const document = flow([step('web1', 0), step('con1', 300)], [{ from: 'web1', to: 'con1' }])
  const after = apply(document, { kind: 'add_step', step: step('con2', 0), place: { at: 'after', ref: 'web1' } })
  assert.deepEqual(ways(after), ['con2--con1', 'web1--con2'])
})

test('deleting a middle step joins its neighbours and keeps the branch', () => {
  const document = flow(
    [step('if1', 0), step('con1', 300), step('con2', 600)],
    [
      { from: 'if1', to: 'con1', label: 'true' },
      { from: 'con1', to: 'con2' },
    ],
  )
  assert.deepEqual(ways(apply(document, { kind: 'delete_steps', refs: ['con1'] })), ['if1-true-con2'])
})

test('a deleted loop leaves its body behind, off the way', () => {
  const document = flow(
    [step('web1', 0), step('loop1', 300), step('con1', 600), step('con2', 600)],
    [
      { from: 'web1', to: 'loop1' },
      { from: 'loop1', to: 'con1', label: 'ActionLoop' },
      { from: 'loop1', to: 'con2' },
    ],
  )
  assert.deepEqual(ways(apply(document, { kind: 'delete_steps', refs: ['loop1'] })), ['web1--con2'])
})

test('moving up swaps a step with the one before it, arrows and places included', () => {
  const document = flow(
    [step('web1', 0), step('con1', 300), step('con2', 600)],
    [
      { from: 'web1', to: 'con1' },
      { from: 'con1', to: 'con2' },
    ],
  )
  const after = apply(document, { kind: 'move_in_order', ref: 'con2', by: -1 })
  assert.deepEqual(ways(after), ['con2--con1', 'web1--con2'])
  assert.deepEqual(after.steps.find(({ ref }) => ref === 'con2')?.position, { x: 300, y: 0 })
})

test('renaming rewrites templates where the name is a variable, and only there', () => {
  const cases = [
    ['{{ web1.id }} web1', '{{ hook.id }} web1'],
    ["{{ web1['web1'] }}", "{{ hook['web1'] }}"],
    ['{{ con1.web1 + web1 }}', '{{ con1.web1 + hook }}'],
    ['{% if web1 == 1 %}{{ x | web1 }}{% endif %}', '{% if hook == 1 %}{{ x | web1 }}{% endif %}'],
    ['{{ f(web1=web1) }}', '{{ f(web1=hook) }}'],
    ['{{ web10 ~ web1s }}', '{{ web10 ~ web1s }}'],
    ['{{ web1.items[*].id }}', '{{ hook.items[*].id }}'],
  ] as const
  for (const [before, after] of cases) assert.equal(renameInTemplate(before, 'web1', 'hook'), after)
})

test('a rename counts the places it changed and leaves other steps as they were', () => {
  const other = step('con2', 600, 0, { url: 'https://example.com' })
  const document = flow(
    [step('web1', 0), step('con1', 300, 0, { a: '{{ web1.a }}', b: ['{{ web1.b }}'] }), other],
    [{ from: 'web1', to: 'con1' }],
  )
  const { places, document: after } = renameRef(document, 'web1', 'hook')
  assert.equal(places, 3)
  assert.equal(after.settings.order_by_key, '{{ hook.id }}')
  assert.deepEqual(ways(after), ['hook--con1'])
  assert.equal(after.steps[2], other)
})

test('a bad or taken reference id is refused with its reason', () => {
  const document = flow([step('web1', 0), step('con1', 300)], [])
  const problem = (to: string) => editProblem(document, { kind: 'rename_step', ref: 'web1', to }, rules) ?? ''
  assert.match(problem('con1'), /already/)
  assert.match(problem('loop'), /reserved/)
  assert.match(problem('order-id'), /letters, digits/)
  assert.equal(problem('hook'), '')
})

test('a change and its opposite leave nothing to save', () => {
  const document = flow([step('web1', 0, 0, { a: 1, b: 2 })], [])
  const renamed = apply(document, { kind: 'set_flow', change: { name: 'Other' } })
  assert.notEqual(documentText(renamed), documentText(document))
  const back = apply(renamed, { kind: 'set_flow', change: { name: 'Test' } })
  assert.equal(documentText(back), documentText(document))
  const reordered = apply(document, { kind: 'set_step', ref: 'web1', change: { input: { b: 2, a: 1 } } })
  assert.equal(documentText(reordered), documentText(document))
})

test('a moved card is no changed step', () => {
  const document = flow([step('web1', 0), step('con1', 300)], [])
  const moved = apply(document, { kind: 'move', positions: { web1: { x: 5, y: 5 } } })
  const edited = apply(moved, { kind: 'set_step', ref: 'con1', change: { title: 'Order' } })
  assert.deepEqual([...changedRefs(edited, document)], ['con1'])
})
