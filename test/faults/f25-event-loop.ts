import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { hostileTemplates } from '../jinja/hostile.ts'
import type { ServerProcess } from '../rig/server-process.ts'
import { atLeast, atMost, faultTest, type Report, type Say } from './fault-test.ts'
import { type HostileSender, startHostileSender } from './hostile-sender.ts'
import { invariantsBroken } from './judge.ts'
import { type Answer, percentile, type Target } from './load.ts'
import { type FaultRig, withRig } from './rig.ts'

const goodRate = 100
const hostileRate = 10
/** How often the process is asked how long its event loop stood still. */
const lookMs = 1_000
const millisecondsPerSecond = 1000
const nanosecondsPerMillisecond = 1e6

/**
 * Everything that is made to take the processor's time, ten times a second, on one process that has other work. The process
 * itself tells how long it stood still (`/metrics`); the times include the 10 ms after which it looks. How long a bystander, the
 * thread that sends the good requests, stood still meanwhile is taken off: it has next to nothing to do, and waits for the
 * machine.
 */
export const eventLoop = faultTest({
  id: 'F25',
  title: `${hostileRate} hostile requests a second, of all kinds, beside ${goodRate} good ones`,
  passes: 'p99 of the good ones within 500 ms; the process never stands still for more than 100 ms',
  short: { aloneMs: 3_000, besideMs: 20_000, leastKinds: 100, mostP99Ms: 1_000, mostStallMs: 300 },
  full: { aloneMs: 20_000, besideMs: 120_000, leastKinds: 250, mostP99Ms: 500, mostStallMs: 100 },
  run: ({ aloneMs, besideMs }, say) =>
    withRig(
      {
        flows: [
          { async: true, calls: false },
          { async: false, calls: false },
        ],
        env: { HOOKLINE_METRICS: '1' },
      },
      async (rig) => {
        const server = await rig.addServer()
        const good = [...rig.targets]
        const [any, ...hostile] = await hostileFlows(server)
        let deaths = 0
        server.process.once('exit', () => {
          deaths += 1
        })
        const { port } = new URL(server.url)
        const addressOf = ({ flowId, token }: Target) => ({
          port: Number(port),
          path: `/v1/flow-webhook/${flowId}`,
          token,
        })
        const sender = startHostileSender({
          address: addressOf(any!.target),
          flows: hostile.map(({ name, target }) => ({ name, ...addressOf(target) })),
          apiToken: server.token,
          perSecond: hostileRate,
        })
        await sender.ready
        say(`${hostile.length} hostile flows made; good requests alone`)
        const load = rig.load(goodRate)
        await stallsDuring(server, aloneMs / 4)
        const alone = await measure(rig, server, aloneMs, say)
        sender.start()
        const beside = await measure(rig, server, besideMs, say, sender)
        await load.stop()
        const { sent, kinds, statuses, faults } = await sender.stop()
        rig.targets.splice(0, rig.targets.length, ...good)
        const findings = await rig.judge()
        const answered = (status: number) => statuses.get(status) ?? 0
        return {
          ...findings,
          aloneP99Ms: alone.p99Ms,
          aloneStallMs: alone.stallMs,
          p50Ms: beside.p50Ms,
          p99Ms: beside.p99Ms,
          refusedGood: beside.refused,
          longestStallMs: beside.stallMs,
          while: beside.stallWhile,
          bystanderStallMs: beside.bystanderMs,
          hostile: sent,
          kinds,
          hostileTaken: answered(200),
          hostileRefused: [400, 401, 405, 408, 413, 415, 417, 431].reduce((sum, status) => sum + answered(status), 0),
          hostileWithoutRoom: answered(503),
          hostileUnanswered: answered(0),
          serverFaults: faults.length,
          faults: faults.join(', ') || 'none',
          deaths,
        }
      },
    ),
  faults: (report, { leastKinds, mostP99Ms, mostStallMs, besideMs }) => [
    ...invariantsBroken(report),
    ...['refusedGood', 'serverFaults', 'deaths'].flatMap((name) => atMost(report, name, 0)),
    ...atMost(report, 'p99Ms', mostP99Ms + starvation(report)),
    ...atMost(report, 'longestStallMs', mostStallMs + starvation(report)),
    ...atLeast(report, 'kinds', leastKinds),
    ...atLeast(report, 'accepted', (goodRate * besideMs * 0.9) / millisecondsPerSecond),
    ...['hostileTaken', 'hostileRefused'].flatMap((name) => atLeast(report, name, leastKinds / 10)),
  ],
})

function starvation(report: Report): number {
  return Number(report.bystanderStallMs)
}

/** What the good senders get for a while, and how long the process stands still meanwhile. */
async function measure({ ledger }: FaultRig, server: ServerProcess, ms: number, say: Say, hostile?: HostileSender) {
  const from = ledger.answers.length
  const bystander = monitorEventLoopDelay()
  bystander.enable()
  const { stallMs, stallWhile } = await stallsDuring(server, ms, say, hostile)
  bystander.disable()
  const answers: Answer[] = ledger.answers.slice(from)
  const waits = answers.map(({ ms }) => ms)
  return {
    p50Ms: percentile(waits, 0.5),
    p99Ms: percentile(waits, 0.99),
    refused: answers.filter(({ status }) => status !== 200).length,
    bystanderMs: Math.round(bystander.max / nanosecondsPerMillisecond),
    stallMs,
    stallWhile,
  }
}

/** The longest of the stalls that the process tells of, and what it was sent then. */
async function stallsDuring(server: ServerProcess, ms: number, say?: Say, hostile?: HostileSender) {
  const until = performance.now() + ms
  let longest = { stallMs: 0, stallWhile: 'nothing' }
  await readStall(server)
  while (performance.now() < until) {
    await pause(lookMs)
    const stallMs = await readStall(server)
    if (stallMs <= longest.stallMs) continue
    longest = { stallMs, stallWhile: hostile?.sentWithin(2 * lookMs).join(' | ') ?? 'nothing' }
    say?.(`stood still for ${stallMs} ms, after ${longest.stallWhile}`)
  }
  return longest
}

/** The longest stall since it was read before. */
async function readStall(server: ServerProcess): Promise<number> {
  const text = await (await fetch(`${server.url}/metrics`)).text()
  const seconds = /^nodejs_eventloop_lag_max_seconds (\S+)$/m.exec(text)?.[1]
  if (seconds === undefined) throw new Error('the process does not tell how long its event loop stands still')
  return Math.round(Number(seconds) * millisecondsPerSecond)
}

interface HostileFlow {
  name: string
  target: Target
}

/** The first takes whatever it is sent; the others render what hurts. A template that can't be saved is not among them. */
async function hostileFlows(server: ServerProcess): Promise<HostileFlow[]> {
  const names = ['a', 'text', 'spaces', 'tags', 'numbers']
  const given = names.map((name) => `{% set ${name} = web1.${name} %}`).join('')
  const costly = '{% for a in range(900) %}{% for b in range(900) %}{% endfor %}{% endfor %}'
  const flows = [
    { name: 'nothing', value: '{{ web1.id }}' },
    {
      name: 'a step of fifty costly fields',
      value: Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`field${at}`, costly])),
    },
    {
      name: 'the whole payload in fifty fields',
      value: Object.fromEntries(Array.from({ length: 50 }, (_, at) => [`field${at}`, '{{ web1 }}'])),
    },
    ...hostileTemplates.map(({ name, template }) => ({ name, value: `${given}${template}` })),
  ]
  const made: HostileFlow[] = []
  for (const { name, value } of flows) {
    const target = await makeFlow(server, name, value)
    if (target !== undefined) made.push({ name, target })
  }
  return made
}

async function makeFlow(server: ServerProcess, name: string, value: unknown): Promise<Target | undefined> {
  const response = { status_code: '200', body: 'ok', headers: {} }
  const { status, body } = await server.api('POST', '/v1/flows', {
    name,
    status: 'live',
    steps: [
      { ref: 'web1', connector: 'webhook', action: 'webhook', input: { async: true, response } },
      { ref: 'res1', connector: 'dict', action: 'set', input: { value } },
    ],
    arrows: [{ from: 'web1', to: 'res1' }],
  })
  if (status !== 201) return undefined
  const { id: flowId } = body as { id: string }
  const { token } = (await server.api('GET', `/v1/flows/${flowId}/webhook`)).body as { token: string }
  return { flowId, token }
}
