import { setTimeout as pause } from 'node:timers/promises'
import { atLeast, faultTest } from './fault-test.ts'
import { callsBroken, invariantsBroken, judgeCalls } from './judge.ts'
import { acceptedMore } from './load.ts'
import { withRig } from './rig.ts'
import { answerOk, type SinkCall } from './sink.ts'

/** How long the vendor takes: so that calls are under way when their worker is stopped. */
const vendorMs = 1_000

export const zombie = faultTest({
  id: 'F10',
  title: 'A worker is stopped (SIGSTOP) until others have taken over, and goes on (SIGCONT)',
  passes: 'what it still does counts for nothing: no finished step is run again, nothing lost, nothing twice',
  short: { rounds: 1, stoppedMs: 20_000, rate: 20 },
  full: { rounds: 5, stoppedMs: 60_000, rate: 40 },
  run: ({ rounds, stoppedMs, rate }, say) =>
    withRig({ flows: [{ async: true, calls: true }] }, async (rig) => {
      await rig.addServer('api')
      const [first, second] = [await rig.addWorker(), await rig.addWorker()]
      const underWay = new Map<string, SinkCall>()
      rig.sink.answer = (call, response) => {
        underWay.set(call.key, call)
        setTimeout(() => {
          underWay.delete(call.key)
          answerOk(call, response)
        }, vendorMs)
      }
      const load = rig.load(rate)
      let mostInFlight = 0
      for (let round = 1; round <= rounds; round++) {
        await acceptedMore(rig.ledger, 3 * rate)
        const { process } = round % 2 === 1 ? first : second
        mostInFlight += underWay.size
        process.kill('SIGSTOP')
        await pause(stoppedMs)
        mostInFlight += underWay.size
        process.kill('SIGCONT')
        say(`round ${round} of ${rounds}, ${rig.ledger.accepted.size} accepted`)
      }
      await load.stop()
      const findings = await rig.judge(120_000)
      return { rounds, mostInFlight, ...findings, ...judgeCalls(rig.sink.calls, rig.ledger) }
    }),
  faults: (report, { rounds }) => [
    ...invariantsBroken(report),
    ...callsBroken(report, Number(report.mostInFlight)),
    // Otherwise nothing was under way, and nothing is shown.
    ...atLeast(report, 'inFlightStepsRepeated', rounds),
  ],
})
