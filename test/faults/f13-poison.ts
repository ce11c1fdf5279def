import { randomUUID } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import type { ProductProcess } from '../rig/server-process.ts'
import { atLeast, atMost, faultTest } from './fault-test.ts'
import { judge } from './judge.ts'
import { sendOne } from './load.ts'
import { type FaultRig, withRig } from './rig.ts'
import { answerOk } from './sink.ts'

const longestMs = 6 * 60_000

export const poison = faultTest({
  id: 'F13',
  title: 'A run whose step kills the process that runs it, each time, among others that do no harm',
  passes: 'given up as an error after 5 attempts at most, and shown so; all others end well',
  short: { neighbours: 20 },
  full: { neighbours: 200 },
  run: ({ neighbours }, say) =>
    withRig({ flows: [{ async: true, calls: true }] }, async (rig) => {
      const server = await rig.addServer('api')
      const [target] = rig.targets
      const deadly = randomUUID()
      let deaths = 0
      // The test knows who has the run, for there is one worker; it is started again, as a service manager does.
      let worker: ProductProcess = await rig.addWorker()
      let restarting: Promise<unknown> = Promise.resolve()
      rig.sink.answer = (call, response) => {
        if (call.id !== deadly) return setTimeout(() => answerOk(call, response), 200)
        deaths += 1
        say(`death ${deaths}`)
        restarting = worker.end('SIGKILL').then(async () => {
          worker = await rig.addWorker()
        })
        return undefined
      }
      await sendOne(server.url, target!, rig.ledger, deadly)
      await Promise.all(Array.from({ length: neighbours }, () => sendOne(server.url, target!, rig.ledger)))
      const runId = rig.ledger.accepted.get(deadly) ?? ''
      const run = await untilEnded(rig, runId)
      await restarting
      // All but the deadly one must have ended well.
      const accepted = new Map([...rig.ledger.accepted].filter(([id]) => id !== deadly))
      const others = await judge({ server, targets: rig.targets, ledger: { ...rig.ledger, accepted } })
      return { neighbours, deaths, outcome: `${run.status} ${run.error?.kind}`, ...others }
    }),
  faults: (report, { neighbours }) => [
    ...(report.outcome === 'error gave_up' ? [] : [`the deadly run ended as ${report.outcome}`]),
    ...atMost(report, 'deaths', 5),
    ...atLeast(report, 'deaths', 2),
    ...atLeast(report, 'accepted', neighbours),
    ...['lost', 'phantoms', 'repeated', 'unfinished'].flatMap((name) => atMost(report, name, 0)),
  ],
})

interface ShownRun {
  status: string
  error: { kind: string } | null
}

async function untilEnded({ servers }: FaultRig, runId: string): Promise<ShownRun> {
  const deadline = performance.now() + longestMs
  for (;;) {
    const { body } = await servers[0]!.api('GET', `/v1/flow-runs/${runId}`)
    const run = body as ShownRun
    if (run.status === 'error' || run.status === 'success' || performance.now() > deadline) return run
    await pause(500)
  }
}
