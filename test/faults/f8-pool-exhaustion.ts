import { setTimeout as pause } from 'node:timers/promises'
import { openDatabase } from '../../src/storage/database.ts'
import type { ServerProcess } from '../rig/server-process.ts'
import { atLeast, atMost, faultTest, type Report } from './fault-test.ts'
import { callsBroken, invariantsBroken, judgeCalls } from './judge.ts'
import { answerFigures, percentile, sendOne, startLoad } from './load.ts'
import { type FaultRig, withRig } from './rig.ts'
import { answerOk } from './sink.ts'

const processes = 3
const maxConnections = 20
/** Of each process, which has one more to listen with: together all that there are. */
const pool = 5

/** Asynchronous requests that go on while the others queue for connections. */
const quietRate = 20
/** People who look at a page that the forgotten transaction has locked, at the same time. */
const readers = 30
const vendorMs = 300

/**
 * Three processes use all connections that the database has. A forgotten transaction holds one of them and locks a table
 * that people read, so that their pages hold connections, too; and many senders wait for flows that call a slow vendor.
 *
 * What a bare answer of the same processes takes meanwhile is measured beside it and taken off: a busy machine is slow
 * at everything.
 */
export const poolExhaustion = faultTest({
  id: 'F8',
  title: `${processes} processes run short of connections, and a forgotten transaction has locked a table`,
  passes:
    'webhooks are accepted with p99 within 1 s; who waits for a connection in vain gets 503 within 2 s; nothing lost',
  short: { waves: 1, senders: 100, holdMs: 5_000 },
  full: { waves: 5, senders: 500, holdMs: 60_000 },
  run: ({ waves, senders, holdMs }, say) =>
    withRig(
      {
        flows: [
          { async: false, calls: true },
          { async: true, calls: false },
        ],
        env: { HOOKLINE_DATABASE_POOL: String(pool) },
        postgres: { settings: { max_connections: String(maxConnections), superuser_reserved_connections: '1' } },
      },
      async (rig) => {
        for (let process = 0; process < processes; process++) await rig.addServer()
        const { servers, ledger } = rig
        const [waiting, quiet] = rig.targets
        rig.sink.answer = (call, response) => setTimeout(() => answerOk(call, response), vendorMs)
        const urls = () => servers.map(({ url }) => url)
        // What a process knows by heart is what it has been asked before.
        for (const url of urls()) for (const target of rig.targets) await sendOne(url, target, ledger)
        const forgotten = holdTransaction(rig, holdMs)
        const others = [readPages(servers, forgotten), probe(servers, forgotten)] as const
        const load = startLoad({ urls, targets: [quiet!], rate: quietRate, ledger })
        await pause(500)
        for (let wave = 1; wave <= waves; wave++) {
          const start = performance.now()
          const places = Array.from({ length: senders }, (_, sender) => urls()[sender % processes]!)
          await Promise.all(places.map((url) => sendOne(url, waiting!, ledger)))
          say(`wave ${wave} of ${waves} answered after ${Math.round(performance.now() - start)} ms`)
        }
        const [pages, bareMs] = await Promise.all(others)
        await load.stop()
        const of = (flow: typeof quiet) => ledger.answers.filter(({ flowId }) => flowId === flow?.flowId)
        const waitsOf = (flow: typeof quiet) => of(flow).flatMap(({ status, ms }) => (status === 200 ? [ms] : []))
        return {
          ...(await rig.judge()),
          ...judgeCalls(rig.sink.calls, { accepted: new Map() }),
          ...answerFigures(ledger),
          bareP99Ms: percentile(bareMs, 0.99),
          quietAccepted: waitsOf(quiet).length,
          quietP50Ms: percentile(waitsOf(quiet), 0.5),
          quietP99Ms: percentile(waitsOf(quiet), 0.99),
          synchronousAnswered: waitsOf(waiting).length,
          synchronousP99Ms: percentile(waitsOf(waiting), 0.99),
          pagesRefused: pages.filter(({ status }) => status === 503).length,
          pagesOtherwise: pages.filter(({ status }) => status !== 503 && status !== 200).length,
        }
      },
    ),
  faults: (report, { waves, senders, holdMs }) => [
    ...invariantsBroken(report),
    ...callsBroken(report, 0),
    ...['otherErrors', 'withoutRetryAfter', 'pagesOtherwise'].flatMap((name) => atMost(report, name, 0)),
    ...atMost(report, 'slowestRefusalMs', 2_500 + slowness(report)),
    ...atMost(report, 'quietP99Ms', 1_000 + slowness(report)),
    ...atLeast(report, 'quietAccepted', (quietRate * holdMs) / 1000 / 2),
    ...atLeast(report, 'synchronousAnswered', waves * senders * 0.9),
    ...atLeast(report, 'pagesRefused', 1),
  ],
})

function slowness(report: Report): number {
  return Number(report.bareP99Ms)
}

/** A transaction that has changed a table and does nothing more, as of someone who works on the database by hand. */
async function holdTransaction({ postgres }: FaultRig, ms: number): Promise<void> {
  const database = openDatabase(postgres.url, { poolSize: 1, applicationName: 'fault test' })
  await database.transaction(async (tx) => {
    await tx.query({ text: 'set local idle_in_transaction_session_timeout = 0' })
    await tx.query({ text: 'lock table rejected_request in access exclusive mode' })
    await pause(ms)
  })
  await database.close()
}

/** People who load a page again and again, each as soon as there is an answer. */
async function readPages(servers: readonly ServerProcess[], until: Promise<void>): Promise<{ status: number }[]> {
  const answers: { status: number }[] = []
  const reading = new AbortController()
  until.then(() => reading.abort())
  const read = async (server: ServerProcess) => {
    while (!reading.signal.aborted) answers.push(await server.api('GET', '/v1/rejected-requests'))
  }
  await Promise.all(Array.from({ length: readers }, (_, reader) => read(servers[reader % servers.length]!)))
  return answers
}

/** How long the processes take for an answer that needs no database, all the while. */
async function probe(servers: readonly ServerProcess[], until: Promise<void>): Promise<number[]> {
  const waits: number[] = []
  let isOver = false
  until.then(() => {
    isOver = true
  })
  for (let count = 0; !isOver; count++) {
    const start = performance.now()
    await (await fetch(`${servers[count % servers.length]!.url}/healthz`)).text()
    waits.push(performance.now() - start)
    await pause(1000 / quietRate)
  }
  return waits
}
