import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ProductProcess, ServerProcess } from '../rig/server-process.ts'
import { fakeClock } from './faketime.ts'
import { atLeast, atMost, faultTest } from './fault-test.ts'
import { callsBroken, invariantsBroken, judgeCalls } from './judge.ts'
import { acceptedMore, answerFigures } from './load.ts'
import { type FaultRig, withRig } from './rig.ts'
import { answerOk } from './sink.ts'

/** As libfaketime writes them; each is seen from the one before it. */
const jumps = ['+1h', '-1h', '+365d', '+0'] as const

/** So that steps are under way when the clock jumps. */
const vendorMs = 500

/** Within it all that was accepted must have ended: the lease of a dead worker, a rest, and as long again. */
const longestMs = 60_000

export const databaseClock = faultTest({
  id: 'F11B',
  title: 'The clock of the database jumps an hour ahead, two back, a year ahead and back, while a worker has just died',
  passes:
    'no run is lost, started twice or held up, schedules go on; what is under way may be called again, with its key',
  needs: ['linux', 'faketime'],
  short: { rounds: 1, rate: 20 },
  full: { rounds: 5, rate: 50 },
  async run({ rounds, rate }, say) {
    const directory = await mkdtemp(join(tmpdir(), 'hookline-clock-'))
    await chmod(directory, 0o755)
    const clock = fakeClock(join(directory, 'clock'))
    try {
      return await withRig({ flows, postgres: { env: clock.env } }, async (rig) => {
        const server = await rig.addServer('api')
        let worker: ProductProcess = await rig.addWorker()
        const scheduledFlowId = await hourlyFlow(server)
        rig.sink.answer = (call, response) => setTimeout(() => answerOk(call, response), vendorMs)
        const held: number[] = []
        for (let round = 1; round <= rounds; round++) {
          for (const jump of jumps) {
            const load = rig.load(rate)
            await acceptedMore(rig.ledger, rate * 2)
            // What it has claimed is taken over, what comes in waits: all of it across the jump.
            await worker.end('SIGKILL')
            await acceptedMore(rig.ledger, rate)
            clock.set(jump)
            await acceptedMore(rig.ledger, rate)
            await load.stop()
            worker = await rig.addWorker()
            const start = performance.now()
            const { unfinished } = await rig.judge(longestMs)
            held.push(Math.round(performance.now() - start))
            say(`round ${round} of ${rounds}, ${jump}: ended after ${held.at(-1)} ms, ${unfinished} did not`)
          }
        }
        const findings = await rig.judge(0)
        const { otherErrors } = answerFigures(rig.ledger)
        return {
          rounds,
          slowestMs: Math.max(...held),
          otherErrors,
          scheduledAheadMinutes: await minutesAhead(rig, scheduledFlowId),
          ...findings,
          ...judgeCalls(rig.sink.calls, rig.ledger),
        }
      })
    } finally {
      await rm(directory, { recursive: true, force: true })
    }
  },
  faults: (report, { rounds, rate }) => [
    ...invariantsBroken(report),
    // A worker dies with its steps at each jump; a jump ahead ends all leases.
    ...callsBroken(report, rounds * jumps.length * 2 * rate),
    ...atMost(report, 'otherErrors', 0),
    ...atMost(report, 'slowestMs', longestMs),
    ...atMost(report, 'scheduledAheadMinutes', 61),
    ...atLeast(report, 'accepted', rounds * jumps.length * rate * 4),
  ],
})

/** The second rests between its calls, longer than a process holds it: the queue has what is for later, too. */
const flows = [
  { async: true, calls: true },
  { async: true, calls: true, delaySeconds: 12 },
] as const

/** A flow that starts every hour; returns its id. */
async function hourlyFlow(server: ServerProcess): Promise<string> {
  const { body } = await server.api('POST', '/v1/flows', {
    name: 'hourly',
    status: 'live',
    steps: [{ ref: 'scheduler1', connector: 'scheduler', action: 'schedule', input: { every: 'hour' } }],
    arrows: [],
  })
  return (body as { id: string }).id
}

async function minutesAhead({ postgres }: FaultRig, flowId: string): Promise<number> {
  const [row] = await postgres.query<{ minutes: number }>({
    text: 'select extract(epoch from next_at - now())::float8 / 60 as minutes from flow_schedule where flow_id = $1',
    values: [flowId],
  })
  return Math.round(row?.minutes ?? Number.NaN)
}
