import { setTimeout as pause } from 'node:timers/promises'
import { atLeast, atMost, faultTest } from './fault-test.ts'
import { callsBroken, invariantsBroken, judgeCalls } from './judge.ts'
import { acceptedMore, answerFigures, type Ledger, slowest, untilAccepted } from './load.ts'
import { type FaultRig, withRig } from './rig.ts'

/** What is done to the database while requests come in. */
const disturbances = ['fast', 'immediate', 'kill', 'freeze'] as const

const pool = 10
const syncSeconds = 10
/** Requests under way at most; about as many runs that were accepted may go on after their answers. */
const maxOpen = 100
const slots = 2 * maxOpen

export const postgresRestart = faultTest({
  id: 'F7',
  title: 'PostgreSQL is restarted, crashes, or stands still under load',
  passes:
    'nothing lost; errors are 503 with Retry-After; senders wait 6 s at most; accepted again within 5 s; connections within the pool',
  short: { rounds: 4, rate: 40, freezeMs: 7_000 },
  full: { rounds: 20, rate: 100, freezeMs: 20_000 },
  everyTestRun: true,
  run: ({ rounds, rate, freezeMs }, say) =>
    withRig(
      {
        flows: [
          { async: true, calls: true },
          { async: false, calls: true },
        ],
        env: { HOOKLINE_DATABASE_POOL: String(pool), HOOKLINE_SYNC_TIMEOUT_SECONDS: String(syncSeconds) },
      },
      async (rig) => {
        const { url } = await rig.addServer()
        let slowestBackMs = 0
        for (let round = 1; round <= rounds; round++) {
          const disturbance = disturbances[round % disturbances.length]!
          const load = rig.load(rate, maxOpen)
          await acceptedMore(rig.ledger, 10)
          await pause(Math.random() * 1000)
          await disturb(rig, disturbance, freezeMs)
          const backMs = await untilAccepted(url, rig.targets[0]!, rig.ledger)
          slowestBackMs = Math.max(slowestBackMs, backMs)
          await pause(500)
          await load.stop()
          say(`round ${round} of ${rounds}, ${disturbance}: back after ${backMs} ms; ${countsOf(rig.ledger)}`)
        }
        const found = await rig.judge()
        return {
          rounds,
          slowestBackMs,
          ...found,
          ...judgeCalls(rig.sink.calls, rig.ledger),
          ...answerFigures(rig.ledger),
          slowestAsyncAnswerMs: slowest(answersOf(rig, 0)),
          slowestSyncAnswerMs: slowest(answersOf(rig, 1)),
          connections: await connectionsOf(rig),
        }
      },
    ),
  faults: (report, { rounds }) => [
    ...invariantsBroken(report),
    ...callsBroken(report, rounds * slots),
    ...atMost(report, 'slowestBackMs', 5_000),
    ...atMost(report, 'otherErrors', 0),
    ...atMost(report, 'withoutRetryAfter', 0),
    ...atMost(report, 'slowestAsyncAnswerMs', 6_000),
    ...atMost(report, 'slowestSyncAnswerMs', (syncSeconds + 6) * 1000),
    // One more listens.
    ...atMost(report, 'connections', pool + 1),
    ...atLeast(report, 'refused503', 1),
  ],
})

/** Returns once the server takes connections again. */
async function disturb({ postgres }: FaultRig, how: (typeof disturbances)[number], freezeMs: number): Promise<void> {
  if (how === 'freeze') {
    postgres.freeze()
    await pause(freezeMs)
    return postgres.thaw()
  }
  await postgres.stop(how)
  await pause(Math.random() * 1000)
  await postgres.start()
}

function answersOf({ ledger, targets }: FaultRig, flow: number) {
  return ledger.answers.filter(({ flowId }) => flowId === targets[flow]?.flowId)
}

function countsOf({ answers }: Ledger): string {
  const byStatus = Map.groupBy(answers, ({ status }) => status)
  return [...byStatus].map(([status, { length }]) => `${status}: ${length}`).join(', ')
}

async function connectionsOf({ postgres }: FaultRig): Promise<number> {
  const text = `select count(*) from pg_stat_activity where application_name = 'hookline'`
  return (await postgres.query<{ count: number }>({ text }))[0]?.count ?? Number.NaN
}
