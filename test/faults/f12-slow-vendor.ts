import { setTimeout as pause } from 'node:timers/promises'
import type { ServerProcess } from '../rig/server-process.ts'
import { atLeast, atMost, faultTest } from './fault-test.ts'
import { percentile, startLoad, type Target } from './load.ts'
import { withRig } from './rig.ts'

/** What the flow of the slow vendor allows its call. */
const timeoutSeconds = 3

export const slowVendor = faultTest({
  id: 'F12',
  title: 'A vendor never answers; other flows of the same process have nothing to do with it',
  passes: 'other flows start as before (p99 at most twice as long, or 100 ms), calls are given up on time',
  short: { seconds: 8, rate: 20, slowRate: 20 },
  full: { seconds: 60, rate: 100, slowRate: 100 },
  run: ({ seconds, rate, slowRate }, say) =>
    withRig({ flows: [{ async: true, calls: false }] }, async (rig) => {
      const server = await rig.addServer()
      const [other] = rig.targets as [Target]
      const slow = await impatientFlow(server, rig.sink.url)
      const p99 = async () => {
        const rows = await rig.postgres.query<{ ms: number }>({
          text: 'select extract(epoch from min(s.started_at) - r.created_at)::float8 * 1000 as ms from run r join step s on s.run_id = r.id where r.flow_id = $1 and s.seq > 0 group by r.id order by r.id',
          values: [other.flowId],
        })
        return rows.map(({ ms }) => ms)
      }
      const others = { urls: () => [server.url], targets: [other], rate, ledger: rig.ledger }
      const before = startLoad(others)
      await pause(seconds * 1000)
      await before.stop()
      await rig.judge()
      const alone = await p99()
      say(`alone: ${alone.length} runs`)
      rig.sink.answer = () => undefined
      const [beside, waiting] = [startLoad(others), startLoad({ ...others, targets: [slow], rate: slowRate })]
      await pause(seconds * 1000)
      await Promise.all([beside.stop(), waiting.stop()])
      const findings = await rig.judge()
      const troubled = (await p99()).slice(alone.length)
      await pause((timeoutSeconds + 3) * 2_000)
      const calls = await rig.postgres.query<{ ms: number; kind: string }>({
        text: `select extract(epoch from step.ended_at - step.started_at)::float8 * 1000 as ms, step.error::json ->> 'kind' as kind
               from step join run on run.id = run_id where flow_id = $1 and ref = 'first' and step.error is not null`,
        values: [slow.flowId],
      })
      const waits = calls.map(({ ms }) => ms)
      return {
        aloneP99Ms: Math.round(percentile(alone, 0.99)),
        besideP99Ms: Math.round(percentile(troubled, 0.99)),
        givenUp: calls.length,
        otherErrors: calls.filter(({ kind }) => kind !== 'timeout').length,
        shortestWaitMs: Math.round(Math.min(...waits)),
        medianWaitMs: Math.round(percentile(waits, 0.5)),
        unfinished: findings.unfinished,
      }
    }),
  faults: (report, { seconds, slowRate }) => [
    ...atMost(report, 'besideP99Ms', Math.max(100, 2 * Number(report.aloneP99Ms))),
    ...atLeast(report, 'givenUp', (seconds * slowRate) / 2),
    ...atLeast(report, 'shortestWaitMs', timeoutSeconds * 1000 - 10),
    ...atMost(report, 'medianWaitMs', timeoutSeconds * 1000 + 1_000),
    ...['otherErrors', 'unfinished'].flatMap((name) => atMost(report, name, 0)),
  ],
})

async function impatientFlow(server: ServerProcess, sinkUrl: string): Promise<Target> {
  const response = { status_code: '200', body: 'ok', headers: {} }
  const call = { method: 'POST', url: `${sinkUrl}/first/{{ web1.id }}`, body: {}, timeout_seconds: timeoutSeconds }
  const { body } = await server.api('POST', '/v1/flows', {
    name: 'impatient',
    status: 'live',
    settings: { automatic_retries: false },
    steps: [
      { ref: 'web1', connector: 'webhook', action: 'webhook', input: { async: true, response } },
      { ref: 'first', connector: 'http', action: 'request', input: call },
    ],
    arrows: [{ from: 'web1', to: 'first' }],
  })
  const { id: flowId } = body as { id: string }
  const { token } = (await server.api('GET', `/v1/flows/${flowId}/webhook`)).body as { token: string }
  return { flowId, token }
}
