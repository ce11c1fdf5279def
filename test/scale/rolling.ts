import { parseArgs } from 'node:util'
import { atLeast, atMost, faultTest } from '../faults/fault-test.ts'
import { callsBroken, invariantsBroken, judge, judgeCalls } from '../faults/judge.ts'
import { answerFigures, newLedger, percentile, startLoad } from '../faults/load.ts'
import { type FaultRig, withRig } from '../faults/rig.ts'
import { startBalancer } from './balancer.ts'

const flows = [
  { async: true, calls: false },
  { async: false, calls: false },
  { async: true, calls: true },
]

/** A machine that is slower than the rate is not asked for more than this at once. */
const maxOpen = 100

/** Many processes on one database, each of which is stopped and started again while requests come in. */
export const rollingRestarts = faultTest({
  id: 'scale',
  title: 'processes that take requests and processes that work on one database, restarted one after the other',
  passes: 'nothing lost, repeated or made up; every request is answered, with 2xx or with 503 and Retry-After',
  short: { servers: 2, workers: 2, rounds: 1, rate: 60, leastAccepted: 200 },
  full: { servers: 3, workers: 5, rounds: 2, rate: 40, leastAccepted: 1_000 },
  run: ({ servers, workers, rounds, rate }, say) =>
    withRig({ flows }, async (rig) => {
      for (let count = 0; count < servers; count++) await rig.addServer('api')
      for (let count = 0; count < workers; count++) await rig.addWorker()
      const balancer = await startBalancer(() => rig.servers.map(({ url }) => url))
      const urls = () => [balancer.url]
      const calling = newLedger()
      const loads = [
        startLoad({ urls, targets: rig.targets.slice(0, 2), rate: (rate * 2) / 3, ledger: rig.ledger, maxOpen }),
        startLoad({ urls, targets: rig.targets.slice(2), rate: rate / 3, ledger: calling, maxOpen }),
      ]
      const start = performance.now()
      const stops: number[] = []
      for (let round = 1; round <= rounds; round++) {
        for (let at = 0; at < servers; at++) stops.push(await restartServer(rig, at))
        for (let at = 0; at < workers; at++) stops.push(await restartWorker(rig, at))
        say(`round ${round} of ${rounds}, ${rig.ledger.accepted.size + calling.accepted.size} accepted`)
      }
      const seconds = (performance.now() - start) / 1000
      await Promise.all(loads.map((load) => load.stop()))
      await balancer.close()
      const ledger = {
        sent: rig.ledger.sent.union(calling.sent),
        accepted: new Map([...rig.ledger.accepted, ...calling.accepted]),
        answers: [...rig.ledger.answers, ...calling.answers],
      }
      const findings = await judge({ server: rig.servers[0]!, targets: rig.targets, ledger })
      const waits = ledger.answers.filter(({ status }) => status < 300).map(({ ms }) => ms)
      return {
        processes: servers + workers,
        restarts: stops.length,
        slowestStopMs: Math.round(Math.max(...stops)),
        passedOn: balancer.passedOn,
        acceptedPerSecond: Math.round(ledger.accepted.size / seconds),
        p50Ms: percentile(waits, 0.5),
        p99Ms: percentile(waits, 0.99),
        ...answerFigures(ledger),
        ...findings,
        ...judgeCalls(rig.sink.calls, calling),
      }
    }),
  faults: (report, { leastAccepted }) => [
    ...invariantsBroken(report),
    // A step that is under way when its process is told to stop is finished, or handed over before it calls.
    ...callsBroken(report, 0),
    ...['otherErrors', 'withoutRetryAfter'].flatMap((name) => atMost(report, name, 0)),
    ...atMost(report, 'slowestStopMs', 30_000),
    ...atLeast(report, 'accepted', leastAccepted),
  ],
})

/** Stops one as a service manager does, and starts another in its place. Returns how long stopping took. */
async function restartServer(rig: FaultRig, at: number): Promise<number> {
  const stopMs = await timed(() => rig.servers[at]!.end('SIGTERM'))
  const server = await rig.addServer('api')
  rig.servers.splice(rig.servers.indexOf(server), 1)
  rig.servers[at] = server
  return stopMs
}

async function restartWorker(rig: FaultRig, at: number): Promise<number> {
  const stopMs = await timed(() => rig.workers[at]!.end('SIGTERM'))
  const worker = await rig.addWorker()
  rig.workers.splice(rig.workers.indexOf(worker), 1)
  rig.workers[at] = worker
  return stopMs
}

async function timed(work: () => Promise<void>): Promise<number> {
  const start = performance.now()
  await work()
  return performance.now() - start
}

if (import.meta.main) {
  const { values } = parseArgs({ options: { short: { type: 'boolean', default: false } } })
  console.error(`${rollingRestarts.title}: ${rollingRestarts.passes}`)
  const verdict = await rollingRestarts.run(values.short ? 'short' : 'full', (progress) =>
    console.error(`  ${progress}`),
  )
  console.log(JSON.stringify(verdict, null, 2))
  process.exitCode = verdict.outcome === 'failed' ? 1 : 0
}
