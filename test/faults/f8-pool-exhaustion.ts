import { setTimeout as pause } from 'node:timers/promises'
import { openDatabase } from '../../src/storage/database.ts'
import { atLeast, atMost, faultTest } from './fault-test.ts'
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

/**
 * Three processes want more connections than the database has, a transaction that someone has forgotten holds another
 * one, and many senders wait for flows that call a slow vendor.
 */
export const poolExhaustion = faultTest({
  id: 'F8',
  title: `${processes} processes share ${maxConnections} connections, one of which a forgotten transaction keeps`,
  passes:
    'nobody waits more than 2 s for a connection and gets 503 then; others are accepted with p99 within 1 s; nothing lost',
  short: { waves: 1, senders: 200, holdMs: 4_000 },
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
        rig.sink.answer = (call, response) => setTimeout(() => answerOk(call, response), 300)
        const [waiting, quiet] = rig.targets
        const forgotten = holdTransaction(rig, holdMs)
        const load = startLoad({
          urls: () => rig.servers.map(({ url }) => url),
          targets: [quiet!],
          rate: quietRate,
          ledger: rig.ledger,
        })
        await pause(500)
        for (let wave = 1; wave <= waves; wave++) {
          const urls = Array.from({ length: senders }, (_, sender) => rig.servers[sender % processes]!.url)
          const start = performance.now()
          await Promise.all(urls.map((url) => sendOne(url, waiting!, rig.ledger)))
          say(`wave ${wave} of ${waves} answered after ${Math.round(performance.now() - start)} ms`)
        }
        await forgotten
        await load.stop()
        const quietAnswers = rig.ledger.answers.filter(({ flowId }) => flowId === quiet!.flowId)
        const synchronous = rig.ledger.answers.filter(({ flowId }) => flowId === waiting!.flowId)
        const quietAccepted = quietAnswers.filter(({ status }) => status === 200).map(({ ms }) => ms)
        return {
          ...(await rig.judge()),
          ...judgeCalls(rig.sink.calls, { accepted: new Map() }),
          synchronousAnswered: synchronous.filter(({ status }) => status === 200).length,
          synchronousP99Ms: percentile(
            synchronous.map(({ ms }) => ms),
            0.99,
          ),
          quietAccepted: quietAccepted.length,
          quietP50Ms: percentile(quietAccepted, 0.5),
          quietP99Ms: percentile(quietAccepted, 0.99),
          ...answerFigures(rig.ledger),
        }
      },
    ),
  faults: (report, { waves, senders }) => [
    ...invariantsBroken(report),
    ...callsBroken(report, 0),
    ...['otherErrors', 'withoutRetryAfter'].flatMap((name) => atMost(report, name, 0)),
    ...atMost(report, 'slowestRefusalMs', 2_500),
    ...atMost(report, 'quietP99Ms', 1_000),
    ...atLeast(report, 'quietAccepted', 10),
    ...atLeast(report, 'synchronousAnswered', (waves * senders) / 2),
  ],
})

/** A transaction that has written and does nothing more, as of someone who looks into the database by hand. */
async function holdTransaction({ postgres }: FaultRig, ms: number): Promise<void> {
  const database = openDatabase(postgres.url, { poolSize: 1, applicationName: 'fault test' })
  await database.transaction(async (tx) => {
    await tx.query({ text: 'set local idle_in_transaction_session_timeout = 0' })
    await tx.query({ text: 'create table forgotten (id int)' })
    await pause(ms)
  })
  await database.close()
}
