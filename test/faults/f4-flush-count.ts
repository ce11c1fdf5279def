import { setTimeout as pause } from 'node:timers/promises'
import { atLeast, atMost, faultTest } from './fault-test.ts'
import { answeredTooEarly, traceFlushes } from './flush-trace.ts'
import { sendOne } from './load.ts'
import { type FaultRig, withRig } from './rig.ts'

const connections = 64
const refusedPauseMs = 50

/** Nothing but requests writes: no worker runs, and what is accepted waits. */
export const flushCount = faultTest({
  id: 'F4',
  title: 'fsync calls counted from outside',
  passes: `a flush of the disk within the time of every accepted request; with ${connections} at once, one for at most ${connections} of them`,
  needs: ['linux', 'root', 'strace'],
  short: { serial: 50, parallel: 640 },
  full: { serial: 500, parallel: 6_400 },
  everyTestRun: true,
  run: ({ serial, parallel }) =>
    withRig({ flows: [{ async: true, calls: false }] }, async (rig) => {
      await rig.addServer('api')
      const serialTrace = await traceFlushes(rig.postgres.processIds())
      const answers = await sendSerially(rig, serial)
      const serialFlushes = await serialTrace.stop()
      const parallelTrace = await traceFlushes(rig.postgres.processIds())
      const before = rig.ledger.accepted.size
      await Promise.all(Array.from({ length: connections }, () => sendSerially(rig, parallel / connections, 0)))
      const parallelFlushes = (await parallelTrace.stop()).length
      const parallelAccepted = rig.ledger.accepted.size - before
      return {
        serialAccepted: before,
        serialFlushes: serialFlushes.length,
        answeredTooEarly: answeredTooEarly(answers, serialFlushes),
        parallelAccepted,
        parallelFlushes,
        mostAcceptedPerFlush: Math.ceil(parallelAccepted / parallelFlushes),
      }
    }),
  faults: (report, { serial, parallel }) => [
    ...atLeast(report, 'serialAccepted', serial),
    ...atLeast(report, 'serialFlushes', serial),
    ...atMost(report, 'answeredTooEarly', 0),
    ...atLeast(report, 'parallelAccepted', parallel),
    ...atMost(report, 'mostAcceptedPerFlush', connections),
  ],
})

/** From when to when each request that was accepted took, in ms of the wall clock. */
export async function sendSerially({ servers, targets, ledger }: FaultRig, count: number, gapMs = 3) {
  const accepted: { from: number; to: number }[] = []
  for (let sent = 0; sent < count; sent++) {
    const from = Date.now()
    const status = await sendOne(servers[0]!.url, targets[0]!, ledger)
    if (status === 200) accepted.push({ from, to: Date.now() + 1 })
    // Apart by more than the clock's grain, so that no flush counts for two. Who is refused comes back later.
    if (status !== 200) await pause(refusedPauseMs)
    else if (gapMs > 0) await pause(gapMs)
  }
  return accepted
}
