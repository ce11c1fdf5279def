import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { sendSerially } from './f4-flush-count.ts'
import { atLeast, atMost, faultTest } from './fault-test.ts'
import { answeredTooEarly, traceFlushes } from './flush-trace.ts'
import { invariantsBroken } from './judge.ts'
import { answerFigures } from './load.ts'
import { withRig } from './rig.ts'

/**
 * strace makes some of the database's flushes fail. PostgreSQL takes a failed flush of its log for the end of the world,
 * and recovers from what the disk has; to the product it is a server that crashes again and again.
 */
export const flushErrors = faultTest({
  id: 'F5',
  title: 'the disk refuses to flush now and then (EIO)',
  passes: 'whoever asked then gets 503, never 2xx; nothing lost',
  needs: ['linux', 'root', 'strace'],
  short: { requests: 150, failEvery: 40 },
  full: { requests: 3_000, failEvery: 100 },
  run: ({ requests, failEvery }) =>
    withRig({ flows: [{ async: true, calls: false }] }, async (rig) => {
      await rig.addServer('api')
      const trace = await traceFlushes(rig.postgres.processIds(), failEvery)
      const answers = await sendSerially(rig, requests)
      const flushes = await trace.stop()
      const log = await readFile(`${join(rig.directory, 'postgres')}.log`, 'utf8')
      await rig.addWorker()
      return {
        flushes: flushes.length,
        failedFlushes: flushes.filter(({ isDone }) => !isDone).length,
        crashes: log.match(/PANIC/g)?.length ?? 0,
        answeredTooEarly: answeredTooEarly(answers, flushes),
        ...(await rig.judge()),
        ...answerFigures(rig.ledger),
      }
    }),
  faults: (report) => [
    ...invariantsBroken(report),
    ...atLeast(report, 'failedFlushes', 2),
    ...atLeast(report, 'refused503', 1),
    ...['answeredTooEarly', 'otherErrors', 'withoutRetryAfter'].flatMap((name) => atMost(report, name, 0)),
  ],
})
