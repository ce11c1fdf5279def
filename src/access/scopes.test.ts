import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canRunWebhook, normaliseScope, parseScopes, permits, type Scope, scopes } from './scopes.ts'

test('there are five subjects with three levels each, and the running of webhooks', () => {
  const subjects = ['automation', 'company', 'connector_auth', 'connectors', 'embed']
  const expected = subjects.flatMap((subject) => [subject, `${subject}.manage`, `${subject}.view`])
  assert.deepEqual([...scopes].sort(), [...expected, 'automation.webhook_run'].sort())
})

const permitted: Record<string, readonly Scope[]> = {
  automation: ['automation', 'automation.manage', 'automation.view', 'automation.webhook_run'],
  'automation.manage': ['automation.manage', 'automation.view', 'automation.webhook_run'],
  'automation.view': ['automation.view'],
  'automation.webhook_run': ['automation.webhook_run'],
  connectors: ['connectors', 'connectors.manage', 'connectors.view'],
  'connectors.manage': ['connectors.manage', 'connectors.view'],
  'connectors.view': ['connectors.view'],
  connector_auth: ['connector_auth', 'connector_auth.manage', 'connector_auth.view'],
}

for (const [granted, all] of Object.entries(permitted)) {
  test(`${granted} permits ${all.join(', ')} and nothing else`, () => {
    assert.deepEqual(
      scopes.filter((required) => permits([granted as Scope], required)),
      all,
    )
  })
}

test('a token with several scopes may do what any of them permits, and one without scopes nothing', () => {
  assert.ok(permits(['embed.view', 'automation'], 'automation.view'))
  assert.ok(scopes.every((required) => !permits([], required)))
})

test('three scopes can run webhooks', () => {
  const able = scopes.filter((scope) => canRunWebhook([scope]))
  assert.deepEqual(able, ['automation', 'automation.manage', 'automation.webhook_run'])
})

test('a colon is as good as a dot, and a scope is stored once', () => {
  assert.equal(normaliseScope('automation:webhook_run'), 'automation.webhook_run')
  assert.equal(normaliseScope('automation:'), undefined)
  assert.equal(normaliseScope('constructor'), undefined)
  assert.deepEqual(parseScopes(['embed:view', 'automation.view', 'automation:view']), ['automation.view', 'embed.view'])
})

const refused: [unknown, RegExp][] = [
  [['automation.webhook_runn'], /did you mean "automation.webhook_run"\?/],
  [['automation:veiw'], /did you mean "automation.view"\?/],
  [['Automation'], /did you mean "automation"\?/],
  [['weather'], /Unknown scope "weather": there are automation, /],
  [[5], /must be a text/],
  [[], /at least one/],
  ['automation', /must be a list/],
  [undefined, /must be a list/],
]

for (const [value, message] of refused) {
  test(`the scopes ${JSON.stringify(value)} are refused with advice`, () => {
    assert.throws(() => parseScopes(value), { code: 'invalid_request', message })
  })
}
