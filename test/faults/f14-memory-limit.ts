import { setTimeout as pause } from 'node:timers/promises'
import { atLeast, atMost, faultTest } from './fault-test.ts'
import { invariantsBroken, judge } from './judge.ts'
import {
  answerFigures,
  type Ledger,
  makeTarget,
  newLedger,
  percentile,
  sendOne,
  startLoad,
  type Target,
} from './load.ts'
import { peakMb, withMemoryGroup } from './memory.ts'
import { withRig } from './rig.ts'

/** Of the process that takes the requests; the database is another one. */
const limitMb = 512
/** 350 to 400 in most minutes; what is between is for the kernel's own needs. */
const mostMb = 450
const rate = 200
/** Bodies of 10 MB on their way at a time. */
const large = 20

interface Options {
  seconds: number
}

export const memoryLimit = faultTest({
  id: 'F14',
  title: `A process that may have ${limitMb} MB gets ${rate} bodies of 100 kB a second and ${large} of 10 MB at a time`,
  passes: `it is not killed and stays within ${mostMb} MB; who is refused is asked to come back, and nothing is lost`,
  needs: ['memory'],
  short: { seconds: 8 },
  full: { seconds: 300 },
  run: ({ seconds }: Options, say) =>
    withMemoryGroup(limitMb, ({ through, kills }) =>
      withRig({ flows: [{ async: true, calls: false }] }, async (rig) => {
        const server = await rig.addServer('all', {}, { through })
        // What is judged afterwards is read through another one.
        const reader = await rig.addServer('api')
        const death = new AbortController()
        server.process.once('exit', () => death.abort())
        const largeTarget = await makeTarget(server, { async: true })
        const load = startLoad({
          urls: () => [server.url],
          targets: rig.targets,
          rate,
          ledger: rig.ledger,
          padding: orderOf(100_000),
        })
        const largeOnes = newLedger()
        const over = AbortSignal.any([death.signal, AbortSignal.timeout(seconds * 1000)])
        await Promise.all(
          Array.from({ length: large }, () => sendOverAndOver(server.url, largeTarget, largeOnes, over)),
        )
        await load.stop()
        const found = {
          deaths: death.signal.aborted ? 1 : 0,
          kills: kills(),
          ...answerFigures({ answers: [...rig.ledger.answers, ...largeOnes.answers] }),
          smallAccepted: rig.ledger.accepted.size,
          smallP50Ms: percentile(waits(rig.ledger), 0.5),
          smallP99Ms: percentile(waits(rig.ledger), 0.99),
          largeAccepted: largeOnes.accepted.size,
        }
        say(JSON.stringify(found))
        if (found.deaths + found.kills > 0) return found
        const small = await judge({ server: reader, targets: rig.targets, ledger: rig.ledger, withinMs: 120_000 })
        const { lost, unfinished } = await judge({ server: reader, targets: [largeTarget], ledger: largeOnes })
        return { ...found, peakMb: peakMb(server.process.pid!), ...small, largeLost: lost, largeUnfinished: unfinished }
      }),
    ),
  faults: (report, { seconds }) =>
    Number(report.deaths) + Number(report.kills) > 0
      ? [`the process died; ${report.kills} kills for lack of memory`]
      : [
          ...invariantsBroken(report),
          ...['kills', 'otherErrors', 'withoutRetryAfter', 'largeLost', 'largeUnfinished'].flatMap((name) =>
            atMost(report, name, 0),
          ),
          ...atMost(report, 'peakMb', mostMb),
          // Something must have come through, of both.
          ...atLeast(report, 'smallAccepted', seconds * 10),
          ...atLeast(report, 'largeAccepted', Math.ceil(seconds / 10)),
        ],
})

/** Body after body, each as soon as the one before is answered; who is refused comes back as late as he is asked to. */
async function sendOverAndOver(url: string, target: Target, ledger: Ledger, over: AbortSignal): Promise<void> {
  const padding = orderOf(9_990_000)
  while (!over.aborted) {
    const status = await sendOne(url, target, ledger, undefined, padding)
    if (status !== 200) await pause(5_000, undefined, { signal: over }).catch(() => undefined)
  }
}

function waits({ answers }: Ledger): number[] {
  return answers.flatMap(({ status, ms }) => (status === 200 ? [ms] : []))
}

/** An order of so many characters of JSON, with lines of a quarter of a kilobyte. */
function orderOf(characters: number): string {
  const lines: object[] = []
  for (let length = 2; length < characters - 260; length += JSON.stringify(lines.at(-1)).length + 1) {
    const number = lines.length
    lines.push({ number, sku: `SKU-${number * 7919}`, quantity: number % 17, note: 'fragile, this side up '.repeat(9) })
  }
  return JSON.stringify(lines)
}
