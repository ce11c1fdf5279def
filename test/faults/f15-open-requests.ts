import { atLeast, atMost, faultTest } from './fault-test.ts'
import { invariantsBroken } from './judge.ts'
import { answerFigures, newLedger, percentile, startLoad, untilSent } from './load.ts'
import { peakMb } from './memory.ts'
import { withRig } from './rig.ts'

const mostMb = 600
const mostAcknowledgeMs = 500
/** A second, of the asynchronous requests beside. */
const quietRate = 20

interface Options {
  senders: number
  /** Requests a second until all are open. */
  rate: number
  /** How long each flow waits before it answers: longer than it takes until all are open, and no more than 10 s. */
  delaySeconds: number
}

export const openRequests = faultTest({
  id: 'F15',
  title: 'Thousands of synchronous requests that are open at the same time, and asynchronous ones beside',
  passes: `all are answered or refused with 503 and Retry-After, memory stays within ${mostMb} MB, asynchronous answers come with p99 within ${mostAcknowledgeMs} ms`,
  needs: ['linux', 'files'],
  short: { senders: 2_000, rate: 500, delaySeconds: 6 },
  full: { senders: 10_000, rate: 1_500, delaySeconds: 10 },
  run: ({ senders, rate, delaySeconds }: Options, say) =>
    withRig(
      {
        flows: [
          { async: false, calls: false, delaySeconds },
          { async: true, calls: false },
        ],
      },
      async (rig) => {
        const server = await rig.addServer()
        const [waiting, quiet] = rig.targets
        const quietOnes = newLedger()
        const urls = () => [server.url]
        const beside = startLoad({ urls, targets: [quiet!], rate: quietRate, ledger: quietOnes })
        const load = startLoad({ urls, targets: [waiting!], rate, ledger: rig.ledger, maxOpen: senders })
        await untilSent(rig.ledger, senders)
        const answered = load.stop()
        const openAtOnce = rig.ledger.sent.size - rig.ledger.answers.length
        say(`${openAtOnce} requests are open`)
        await answered
        await beside.stop()
        const memory = peakMb(server.process.pid!)
        for (const [id, runId] of quietOnes.accepted) rig.ledger.accepted.set(id, runId)
        for (const id of quietOnes.sent) rig.ledger.sent.add(id)
        const statusCount = (wanted: number) => rig.ledger.answers.filter(({ status }) => status === wanted).length
        return {
          openAtOnce,
          answered: statusCount(200),
          late504: statusCount(504),
          ...answerFigures({ answers: [...rig.ledger.answers, ...quietOnes.answers] }),
          peakMb: memory,
          quietAccepted: quietOnes.accepted.size,
          quietP50Ms: percentile(waits(quietOnes), 0.5),
          quietP99Ms: percentile(waits(quietOnes), 0.99),
          ...(await rig.judge()),
        }
      },
    ),
  faults: (report, { senders }) => [
    ...invariantsBroken(report),
    ...['otherErrors', 'withoutRetryAfter'].flatMap((name) => atMost(report, name, 0)),
    // Otherwise it was another test.
    ...atLeast(report, 'openAtOnce', senders * 0.9),
    ...atMost(report, 'peakMb', mostMb),
    ...atMost(report, 'quietP99Ms', mostAcknowledgeMs),
  ],
})

function waits({ answers }: ReturnType<typeof newLedger>): number[] {
  return answers.map(({ ms }) => ms)
}
