import { randomUUID } from 'node:crypto'
import type { ProductProcess } from '../rig/server-process.ts'
import { atLeast, atMost, faultTest, type Say } from './fault-test.ts'
import {
  copyingFlow,
  greedyFlow,
  hugeAnswer,
  hugeBody,
  refused,
  refusedFlow,
  sendBody,
  sendUntilTaken,
  untilEnded,
} from './hungry.ts'
import { judge } from './judge.ts'
import { sendOne } from './load.ts'
import { withRig } from './rig.ts'
import { answerOk } from './sink.ts'

const longestMs = 6 * 60_000
/** What a process may take while all of them are at work; without bounds it took 7 GB. */
const mostMemoryMb = 1_300

/** Longer than its killer leaves a process alive. */
const slowMs = 12_000

interface Options {
  neighbours: number
  /** Those of them whose calls are slow, so that they are under way each time; they go on one after the other then. */
  slow: number
  /** Answers of 19 MB that one run asks for at once, and bodies of 9 MiB that are sent at once. */
  answers: number
  bodies: number
}

export const poison = faultTest({
  id: 'F13',
  title: 'Runs that kill the process, fail in a template, or would take all its memory, among others that do no harm',
  passes:
    'the one that kills is given up after 3 deaths at most, templates end as errors with their cause, memory stays bounded and no process dies of it; all others end well',
  short: { neighbours: 20, slow: 2, answers: 12, bodies: 12 },
  full: { neighbours: 200, slow: 3, answers: 50, bodies: 60 },
  run: async (options: Options, say) => ({ ...(await killers(options, say)), ...(await hungryOnes(options, say)) }),
  faults: (report, { neighbours, bodies }) => [
    ...(report.outcome === 'error gave_up' ? [] : [`the deadly run ended as ${report.outcome}`]),
    ...atMost(report, 'deaths', 3),
    ...atLeast(report, 'deaths', 2),
    ...atLeast(report, 'accepted', neighbours),
    ...['lost', 'phantoms', 'repeated', 'unfinished'].flatMap((name) => atMost(report, name, 0)),
    ...(report.ends === expectedEnds ? [] : [`templates ended as ${report.ends}`]),
    ...(report.greedyEnd === 'success' ? [] : [`the greedy run ended as ${report.greedyEnd}`]),
    ...atLeast(report, 'bodiesTaken', bodies),
    ...['bodiesLost', 'hungryLost', 'hungryUnfinished', 'deathsOfHunger'].flatMap((name) => atMost(report, name, 0)),
    ...atMost(report, 'peakMb', mostMemoryMb),
  ],
})

const expectedEnds = refused.map(() => 'error template').join(', ')

/** One worker, started again as a service manager does, and a run that kills it each time. */
async function killers({ neighbours, slow }: Options, say: Say) {
  return withRig({ flows: [{ async: true, calls: true }] }, async (rig) => {
    const server = await rig.addServer('api')
    const [target] = rig.targets
    const deadly = randomUUID()
    const slowOnes = new Set<string>(Array.from({ length: slow }, () => randomUUID()))
    let deaths = 0
    // The test knows who has the run, for there is one worker; it is started again, as a service manager does.
    let worker: ProductProcess = await rig.addWorker()
    let restarting: Promise<unknown> = Promise.resolve()
    rig.sink.answer = (call, response) => {
      if (call.id !== deadly) return setTimeout(() => answerOk(call, response), slowOnes.has(call.id) ? slowMs : 200)
      deaths += 1
      say(`death ${deaths}`)
      restarting = worker.end('SIGKILL').then(async () => {
        worker = await rig.addWorker()
      })
      return undefined
    }
    await sendOne(server.url, target!, rig.ledger, deadly)
    const quickOnes = Array.from({ length: neighbours - slow }, () => randomUUID())
    await Promise.all([...slowOnes, ...quickOnes].map((id) => sendOne(server.url, target!, rig.ledger, id)))
    const runId = rig.ledger.accepted.get(deadly) ?? ''
    const run = await untilEnded(server, runId, longestMs)
    await restarting
    // All but the deadly one must have ended well.
    const accepted = new Map([...rig.ledger.accepted].filter(([id]) => id !== deadly))
    const others = await judge({ server, targets: rig.targets, ledger: { ...rig.ledger, accepted } })
    return { neighbours, deaths, outcome: `${run.status} ${run.error?.kind}`, ...others }
  })
}

/** Templates that fail, huge answers and huge bodies, all at once on one process that has other work. */
async function hungryOnes({ answers, bodies }: Options, say: Say) {
  return withRig({ flows: [{ async: true, calls: true }] }, async (rig) => {
    const server = await rig.addServer()
    let deathsOfHunger = 0
    server.process.once('exit', () => {
      deathsOfHunger += 1
    })
    rig.sink.answer = (call, response) => {
      if (call.step !== 'huge') return answerOk(call, response)
      return response.writeHead(200, { 'content-type': 'application/json' }).end(hugeAnswer)
    }
    const [greedy, copying, ...failing] = await Promise.all([
      greedyFlow(server, `${rig.sink.url}/huge/answer`, answers),
      copyingFlow(server),
      ...refused.map((each) => refusedFlow(server, each)),
    ])
    let peakMb = 0
    const watching = setInterval(async () => {
      peakMb = Math.max(peakMb, await server.memoryMb().catch(() => 0))
    }, 100)
    const load = rig.load(10)
    say('templates that fail')
    const ends = await Promise.all(
      failing.map(async (target) => {
        const runId = await sendBody(server.url, target, '{"text":"xxxxxxxx"}')
        const { status, error } = await untilEnded(server, String(runId), 30_000)
        return `${status} ${error?.kind}`
      }),
    )
    say(`${answers} huge answers for one run, ${bodies} huge bodies`)
    const greedyRun = await sendBody(server.url, greedy!, '{}')
    const sent = await Promise.all(
      Array.from({ length: bodies }, () => sendUntilTaken(server.url, copying!, hugeBody, longestMs)),
    )
    const taken = sent.flatMap(({ outcome }) => (typeof outcome === 'string' ? [outcome] : []))
    const greedyEnd = await untilEnded(server, String(greedyRun), longestMs)
    const copied = await Promise.all(taken.map((runId) => untilEnded(server, runId, longestMs)))
    await load.stop()
    const { lost, unfinished, accepted } = await rig.judge(longestMs)
    clearInterval(watching)
    return {
      ends: ends.join(', '),
      greedyEnd: greedyEnd.status,
      bodiesTaken: taken.length,
      bodiesLost: copied.filter(({ status }) => status !== 'success').length,
      bodiesRefused: sent.reduce((sum, { refusals }) => sum + refusals, 0),
      hungryNeighbours: accepted,
      hungryLost: lost,
      hungryUnfinished: unfinished,
      deathsOfHunger,
      peakMb,
    }
  })
}
