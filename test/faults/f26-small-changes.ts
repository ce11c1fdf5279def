import type { ServerProcess } from '../rig/server-process.ts'
import { atLeast, atMost, faultTest, type Say } from './fault-test.ts'
import { type Change, contradictions, type Look } from './linearizable.ts'
import { makeTarget } from './load.ts'
import { type FaultRig, withRig } from './rig.ts'

/** Of each kind, at each process. */
const senders = 2
/** Each sender and reader has so many answers between two changes. */
const answersBetween = 3

/** A flow and its two tokens, as the operator has made them. */
interface State {
  flow: 'live' | 'paused' | 'gone'
  /** The flow's own. */
  token: string
  /** Whether the personal access token is good. */
  hasAccess: boolean
}

/** What somebody got to see: a run was accepted, the flow is paused, or a refusal with this status. */
type Sight = 'accepted' | 'paused' | 401 | 404
type Seen = Look<State> & { sight: Sight }

interface History {
  changes: Change<State>[]
  looks: Seen[]
  /** Answers that say nothing of the thing: 503, or none. */
  unclear: number
  runIds: Set<string>
}

/**
 * An operator changes a flow and its tokens, one change after the other, on two processes in turn, while senders and readers
 * ask both processes all the time. Every answer is held against what it can have seen.
 */
export const smallChanges = faultTest({
  id: 'F26',
  title:
    'Flows are paused, go on, get new tokens and are deleted, tokens are revoked, while both processes take requests',
  passes:
    'once a change has been answered, neither process accepts what it forbids; before it was sent, both accept; nobody sees an earlier state after a later one',
  short: { rounds: 4 },
  full: { rounds: 200 },
  everyTestRun: true,
  run: ({ rounds }, say) =>
    // Senders are refused on purpose, from one address.
    withRig({ flows: [], env: { HOOKLINE_RATE_LIMIT_AUTH_FAILURES: 'off' } }, async (rig) => {
      await rig.addServer()
      await rig.addServer()
      const totals = {
        changes: 0,
        accepted: 0,
        paused: 0,
        refused: 0,
        unclear: 0,
        acceptedWrongly: 0,
        refusedWrongly: 0,
        wentBack: 0,
        lost: 0,
        runsOfRefused: 0,
      }
      for (let round = 0; round < rounds; round++) {
        for (const [name, value] of Object.entries(await playRound(rig, round, say))) {
          totals[name as keyof typeof totals] += value
        }
        if (round % 20 === 19) say(`${round + 1} of ${rounds} rounds`)
      }
      return { rounds, ...totals }
    }),
  faults: (report, { rounds }) => [
    ...['acceptedWrongly', 'refusedWrongly', 'wentBack', 'lost', 'runsOfRefused'].flatMap((name) =>
      atMost(report, name, 0),
    ),
    // Two processes on an unhurt database have no reason to send anybody away.
    ...atMost(report, 'unclear', 0),
    ...atLeast(report, 'changes', rounds * 6),
    ...['accepted', 'paused', 'refused'].flatMap((name) => atLeast(report, name, rounds * senders)),
  ],
})

/** One flow from its making to its end. Every second round its senders wait for its answer, and its access is revoked before it is deleted. */
async function playRound(rig: FaultRig, round: number, say: Say) {
  const [first, second] = rig.servers as [ServerProcess, ServerProcess]
  const { flowId, token } = await makeTarget(first, { async: round % 2 === 0 })
  const access = await makeAccess(first)
  const initial: State = { flow: 'live', token, hasAccess: true }
  const history: History = { changes: [], looks: [], unclear: 0, runIds: new Set() }
  let known = initial
  const stopping = new AbortController()
  const askers = rig.servers.flatMap(({ url }) => [
    ...Array.from({ length: senders }, () => () => sendWebhook(url, flowId, known.token, byToken, history)),
    ...Array.from({ length: senders }, () => () => sendWebhook(url, flowId, access.token, byAccess, history)),
    () => readFlow(url, flowId, first.token, history),
  ])
  const loops = askers.map((ask) => startLoop(ask, stopping.signal))
  const everybodyAsked = () => Promise.all(loops.map((loop) => loop.answers(answersBetween)))
  const change = async (method: string, path: string, body: unknown, after: (answer: never) => Partial<State>) => {
    await everybodyAsked()
    const server = history.changes.length % 2 === 0 ? first : second
    const sentAt = performance.now()
    const answer = await server.api(method, path, body)
    const doneAt = performance.now()
    if (answer.status >= 300) throw new Error(`${method} ${path} was answered ${answer.status}`)
    known = { ...known, ...after(answer.body) }
    history.changes.push({ state: known, sentAt, doneAt })
  }
  const setStatus = (flow: 'live' | 'paused') =>
    change('PATCH', `/v1/flows/${flowId}/status`, { status: flow }, () => ({ flow }))
  await setStatus('paused')
  await setStatus('live')
  await change('POST', `/v1/flows/${flowId}/webhook/rotate-token`, {}, ({ token }: { token: string }) => ({ token }))
  await setStatus('paused')
  await setStatus('live')
  if (round % 4 < 2) {
    const revoke = `/v1/personal-access-tokens/${access.id}`
    await change('DELETE', revoke, undefined, () => ({ hasAccess: false }))
  }
  await change('DELETE', `/v1/flows/${flowId}`, undefined, () => ({ flow: 'gone' }))
  await everybodyAsked()
  stopping.abort()
  await Promise.all(loops.map(({ ended }) => ended))
  return judgeRound(rig, flowId, initial, history, say)
}

async function judgeRound(rig: FaultRig, flowId: string, initial: State, history: History, say: Say) {
  const { changes, looks, unclear, runIds } = history
  const wrong = contradictions(initial, changes, looks) as { look: Seen; kind: string }[]
  for (const { look, kind } of wrong.slice(0, 5)) {
    const since = changes.map(({ sentAt, doneAt }) => `${Math.round(sentAt)}-${Math.round(doneAt)}`).join(' ')
    say(`${look.sight} at ${Math.round(look.sentAt)}-${Math.round(look.doneAt)} (${kind}); changes at ${since}`)
  }
  const recorded = await rig.postgres.query<{ id: string }>({
    text: 'select id from run where flow_id = $1',
    values: [flowId],
  })
  const ids = new Set(recorded.map(({ id }) => id))
  const count = (fits: (look: Seen) => boolean) => looks.filter(fits).length
  const never = wrong.filter(({ kind }) => kind === 'never')
  return {
    changes: changes.length,
    accepted: runIds.size,
    paused: count(({ sight }) => sight === 'paused'),
    refused: count(({ sight }) => sight === 401 || sight === 404),
    unclear,
    acceptedWrongly: never.filter(({ look }) => look.sight === 'accepted').length,
    refusedWrongly: never.filter(({ look }) => look.sight !== 'accepted').length,
    wentBack: wrong.length - never.length,
    lost: runIds.difference(ids).size,
    // A request that got no answer may have started one.
    runsOfRefused: Math.max(0, ids.difference(runIds).size - unclear),
  }
}

async function makeAccess(server: ServerProcess): Promise<{ id: string; token: string }> {
  const asked = { scopes: ['automation.webhook_run'], note: 'to be revoked' }
  const { status, body } = await server.api('POST', '/v1/personal-access-tokens', asked)
  if (status !== 201) throw new Error(`no token was made: ${JSON.stringify(body)}`)
  return body
}

/** What a request with this token gets in a state. An unknown flow is answered as a wrong token is. */
function byToken(token: string, { flow, token: right }: State): Sight {
  if (flow === 'gone' || token !== right) return 401
  return flow === 'paused' ? 'paused' : 'accepted'
}

/** Who proves to belong to the account is told that a flow is not there. */
function byAccess(_token: string, { flow, hasAccess }: State): Sight {
  if (!hasAccess) return 401
  if (flow === 'gone') return 404
  return flow === 'paused' ? 'paused' : 'accepted'
}

async function sendWebhook(
  url: string,
  flowId: string,
  token: string,
  expected: (token: string, state: State) => Sight,
  history: History,
): Promise<void> {
  await look(
    history,
    (state) => expected(token, state),
    async () => {
      const response = await fetch(`${url}/v1/flow-webhook/${flowId}`, {
        method: 'POST',
        headers: bearer(token),
        body: '{"id":1}',
      })
      await response.arrayBuffer()
      const runId = response.headers.get('x-flow-run-id')
      if (runId !== null) history.runIds.add(runId)
      return response.status === 200 ? (runId === null ? 'paused' : 'accepted') : response.status
    },
  )
}

/** Someone who looks at the flow in the interface. */
async function readFlow(url: string, flowId: string, token: string, history: History): Promise<void> {
  const shown = ({ flow }: State) => (flow === 'gone' ? 404 : flow === 'paused' ? 'paused' : 'accepted')
  await look(history, shown, async () => {
    const response = await fetch(`${url}/v1/flows/${flowId}`, { headers: bearer(token) })
    const { status } = (await response.json()) as { status: string }
    if (response.status !== 200) return response.status
    return status === 'paused' ? 'paused' : 'accepted'
  })
}

function bearer(token: string) {
  return { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
}

async function look(
  history: History,
  expected: (state: State) => Sight,
  ask: () => Promise<Sight | number>,
): Promise<void> {
  const sentAt = performance.now()
  const sight = await ask().catch(() => 0)
  const doneAt = performance.now()
  if (sight !== 'accepted' && sight !== 'paused' && sight !== 401 && sight !== 404) history.unclear += 1
  else history.looks.push({ sentAt, doneAt, sight, fits: (state) => expected(state) === sight })
}

interface Loop {
  /** Resolves once so many more questions have been asked and answered. */
  answers(count: number): Promise<void>
  ended: Promise<void>
}

/** Asks again and again, each time as soon as there is an answer. */
function startLoop(ask: () => Promise<void>, signal: AbortSignal): Loop {
  let asked = 0
  const waiting = new Set<{ until: number; resolve(): void }>()
  const loop = async () => {
    while (!signal.aborted) {
      await ask()
      asked += 1
      for (const each of waiting) if (each.until <= asked && waiting.delete(each)) each.resolve()
    }
  }
  return {
    // One more: the question that is out may have been asked before.
    answers: (count) => new Promise((resolve) => waiting.add({ until: asked + count + 1, resolve })),
    ended: loop(),
  }
}
