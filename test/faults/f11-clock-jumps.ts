import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fakeClock } from './faketime.ts'
import { atLeast, atMost, faultTest } from './fault-test.ts'
import { callsBroken, invariantsBroken, judgeCalls } from './judge.ts'
import { acceptedMore, answerFigures } from './load.ts'
import { withRig } from './rig.ts'
import { answerOk } from './sink.ts'

/** As libfaketime writes them. */
const jumps = ['+1h', '-1h', '+365d', '+0'] as const

/** So that steps are under way when the clock jumps. */
const vendorMs = 500

/** A flow's wait, which must neither be skipped nor become hours long. */
const longestRunMs = 60_000

export const clockJumps = faultTest({
  id: 'F11',
  title: 'The clock of one of two processes jumps an hour ahead, an hour back, a year ahead, while it works',
  passes: 'no run is lost, started twice or held up; takeovers and waits go by the database’s clock',
  needs: ['linux', 'faketime'],
  short: { rounds: 1, rate: 20 },
  full: { rounds: 10, rate: 50 },
  run: ({ rounds, rate }, say) =>
    withRig(
      {
        flows: [
          { async: true, calls: true },
          { async: false, calls: true },
        ],
      },
      async (rig) => {
        const clock = fakeClock(join(rig.directory, 'clock'))
        await rig.addServer()
        await rig.addServer('all', clock.env)
        rig.sink.answer = (call, response) => setTimeout(() => answerOk(call, response), vendorMs)
        const load = rig.load(rate)
        for (let round = 1; round <= rounds; round++) {
          for (const jump of jumps) {
            await acceptedMore(rig.ledger, rate)
            clock.set(jump)
            // Longer than the leases of both kinds and their renewal.
            await pause(12_000)
          }
          say(`round ${round} of ${rounds}, ${rig.ledger.accepted.size} accepted`)
        }
        await load.stop()
        const start = performance.now()
        const findings = await rig.judge(longestRunMs)
        const endedMs = Math.round(performance.now() - start)
        const [ahead] = await rig.postgres.query<{ count: number }>({
          text: `select count(*) from run where created_at > now() + interval '30 minutes'`,
        })
        const { otherErrors } = answerFigures(rig.ledger)
        return {
          rounds,
          endedMs,
          otherErrors,
          acceptedAhead: Number(ahead?.count),
          ...findings,
          ...judgeCalls(rig.sink.calls, rig.ledger),
        }
      },
    ),
  faults: (report, { rounds }) => [
    ...invariantsBroken(report),
    ...callsBroken(report, 0),
    ...atMost(report, 'otherErrors', 0),
    // Otherwise no clock has jumped.
    ...atLeast(report, 'acceptedAhead', rounds),
    ...atLeast(report, 'accepted', rounds * jumps.length * 10),
  ],
})
