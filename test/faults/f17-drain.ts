import { setTimeout as pause } from 'node:timers/promises'
import { atLeast, atMost, faultTest } from './fault-test.ts'
import { callsBroken, invariantsBroken, judgeCalls } from './judge.ts'
import { withRig } from './rig.ts'
import { answerOk } from './sink.ts'

/** How long a synchronous sender waits in this test: both of its calls, or the stop, come before. */
const vendorMs = 1_500

/** Longer than a stopping process waits for a run. */
const neverMs = 25_000

export const drain = faultTest({
  id: 'F17',
  title: 'SIGTERM under load, with synchronous runs under way, some of which take too long',
  passes: 'whoever was heard is answered, what runs is finished or handed over, exit 0 within 30 s',
  short: { rounds: 1, rate: 60 },
  full: { rounds: 10, rate: 200 },
  run: ({ rounds, rate }, say) =>
    withRig(
      {
        flows: [
          { async: false, calls: true },
          { async: true, calls: true },
        ],
      },
      async (rig) => {
        const found = { slowestExitMs: 0, wrongExits: 0, resets: 0, handedOver: 0, openAtStop: 0, otherAnswers: 0 }
        await rig.addServer()
        for (let round = 1; round <= rounds; round++) {
          let calls = 0
          rig.sink.answer = (call, response) => {
            // Some vendors do not answer before the process has to leave.
            const isSlow = calls++ % 40 === 0
            setTimeout(() => answerOk(call, response), isSlow ? neverMs : vendorMs)
          }
          const load = rig.load(rate, 2_000)
          await pause(4_000)
          const [leaving] = rig.servers as [(typeof rig.servers)[number]]
          const before = rig.ledger.answers.length
          const stopped = load.stop()
          found.openAtStop += rig.ledger.sent.size - before
          const start = performance.now()
          await leaving.end('SIGTERM')
          found.slowestExitMs = Math.max(found.slowestExitMs, Math.round(performance.now() - start))
          if (leaving.process.exitCode !== 0) found.wrongExits += 1
          await stopped
          const answers = rig.ledger.answers.slice(before)
          found.resets += answers.filter(({ status }) => status === 0).length
          found.otherAnswers += answers.filter(({ status }) => ![0, 200, 503, 504].includes(status)).length
          found.handedOver += answers.filter(({ status }) => status === 504).length
          rig.servers.splice(0, 1)
          rig.sink.answer = answerOk
          await rig.addServer()
          say(`round ${round} of ${rounds}: left after ${found.slowestExitMs} ms at most, ${found.resets} resets`)
        }
        const findings = await rig.judge(120_000)
        return { rounds, ...found, ...findings, ...judgeCalls(rig.sink.calls, rig.ledger) }
      },
    ),
  faults: (report, { rounds }) => [
    ...invariantsBroken(report),
    ...callsBroken(report, Number(report.openAtStop)),
    ...['resets', 'otherAnswers', 'wrongExits'].flatMap((name) => atMost(report, name, 0)),
    ...atMost(report, 'slowestExitMs', 30_000),
    // Otherwise nobody waited for the stop.
    ...atLeast(report, 'handedOver', rounds),
  ],
})
