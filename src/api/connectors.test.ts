import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testApi } from '../../test/rig/test-api.ts'

const api = await testApi()

const action = {
  name: 'make_ticket',
  title: 'Make a ticket',
  method: 'POST',
  endpoint: 'tickets',
  form: { properties: { subject: {} } },
}
const connector = (changes: object) => ({
  name: 'desk',
  title: 'Desk',
  base_domain: 'https://desk.example/',
  auth_config: { api_key: {} },
  actions: [{ ...action, body: { subject: '{{ subject }}' } }],
  ...changes,
})

interface Problem {
  path: string
  message: string
}

async function problemsOf(changes: object): Promise<Problem[]> {
  const answer = await api.call('POST', '/connectors', { body: connector(changes) })
  assert.equal(answer.status, 422, answer.text)
  assert.equal(answer.body.error, 'invalid_connector')
  return answer.body.data.problems
}

test('a template that can not be read is refused when the connector is saved, with action, field, line and column', async () => {
  const [problem, ...others] = await problemsOf({
    actions: [{ ...action, body: { ticket: { subject: '{{ subject | trimm }}' } } }],
  })
  assert.deepEqual(others, [])
  assert.equal(problem?.path, 'actions.0.body.ticket.subject')
  assert.match(
    problem.message,
    /^action "make_ticket", field body\.ticket\.subject: unknown filter "trimm": did you mean "trim"\? \(line 1, column \d+\)$/,
  )
})

test('so is a name that will never have a value there, and everything wrong is told at once', async () => {
  const problems = await problemsOf({
    base_domain: 'https://{{ connectorAuth.user_input.subdomain }}.desk.example/',
    header: { token_prefix: 'Bearer {{ token_frmat }}' },
    actions: [{ ...action, endpoint: 'tickets/{{ subjct }}', body: '{% if subject %}' }],
  })
  assert.deepEqual(
    problems.map(({ path }) => path),
    ['header.token_prefix', 'actions.0.endpoint', 'actions.0.body'],
  )
  assert.match(problems[0]!.message, /^unknown name "token_frmat": did you mean "token_format"\?/)
  assert.match(
    problems[1]!.message,
    /^action "make_ticket", field endpoint: unknown name "subjct": did you mean "subject"\?/,
  )
})

test('templates of a trigger are held to the names that they see', async () => {
  const webhook_trigger = {
    events: ['made'],
    create: { method: 'POST', endpoint: 'hooks', body: { url: '{{ webhook_adress }}' } },
    delete: { endpoint: 'hooks/{{ registration.id }}' },
  }
  const [problem] = await problemsOf({ webhook_trigger })
  assert.equal(problem?.path, 'webhook_trigger.create.body.url')
  assert.match(problem.message, /^unknown name "webhook_adress"/)
})

test('a connector in order is saved, and its replacement is looked at as well', async () => {
  const made = await api.call('POST', '/connectors', { body: connector({}) })
  assert.equal(made.status, 201, made.text)
  const body = connector({ actions: [{ ...action, body: '{{ subject' }] })
  const changed = await api.call('PUT', '/connectors/desk', { body })
  assert.equal(changed.status, 422, changed.text)
  assert.equal((await api.call('GET', '/connectors/desk')).body.actions[0].body.subject, '{{ subject }}')
})
