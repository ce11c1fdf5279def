import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { openDatabase } from '../../src/storage/database.ts'
import { clusterDatabase, clusterPort, clusterUser } from '../../src/storage/postgres-cluster.ts'
import { type ServerProcess, startServer } from '../rig/server-process.ts'
import { atLeast, atMost, faultTest } from './fault-test.ts'
import { withFileSystem } from './file-system.ts'
import { invariantsBroken, judge } from './judge.ts'
import { answerFigures, makeTarget, newLedger, startLoad, untilAccepted } from './load.ts'

/** The embedded database, cluster and all, on a disk that becomes full. */
export const diskFull = faultTest({
  id: 'F6',
  title: 'the disk becomes full under load, and has room again',
  passes: '503 with Retry-After while it is full, reading goes on; accepted again within 5 s of room; nothing lost',
  needs: ['linux', 'root'],
  short: { rounds: 2, rate: 50, fullMs: 3_000 },
  full: { rounds: 5, rate: 100, fullMs: 15_000 },
  run: ({ rounds, rate, fullMs }, say) =>
    withFileSystem('tmpfs', 400, async (disk) => {
      const server = await startServer({
        HOOKLINE_DATA_DIR: join(disk.directory, 'data'),
        HOOKLINE_SECRET_KEY: 'a secret key for the disk test, long enough',
        HOOKLINE_LOG_LEVEL: process.env.HOOKLINE_LOG_LEVEL ?? 'fatal',
      })
      const ledger = newLedger()
      let slowestBackMs = 0
      let reads = 0
      let failedReads = 0
      try {
        const targets = [await makeTarget(server, { async: true }), await makeTarget(server, { async: false })]
        for (let round = 1; round <= rounds; round++) {
          const load = startLoad({ urls: () => [server.url], targets, rate, ledger })
          await pause(1_000)
          await disk.fill()
          // Every second round the write-ahead log is what finds no room, which PostgreSQL does not survive.
          const isFatal = round % 2 === 0
          if (isFatal) await useUpLog(server)
          for (const until = performance.now() + fullMs; performance.now() < until; await pause(200)) {
            if (isFatal) continue
            reads += 1
            if (!(await canRead(server))) failedReads += 1
          }
          const refused = answerFigures(ledger).refused503
          await disk.free()
          const backMs = await untilAccepted(server.url, targets[0]!, ledger)
          slowestBackMs = Math.max(slowestBackMs, backMs)
          await pause(500)
          await load.stop()
          say(`round ${round} of ${rounds}${isFatal ? ', log' : ''}: 503 ${refused} times; back after ${backMs} ms`)
        }
        const found = await judge({ server, targets, ledger })
        const restarts = server.process.exitCode === null ? 0 : 1
        return { rounds, slowestBackMs, reads, failedReads, restarts, ...found, ...answerFigures(ledger) }
      } finally {
        await server.stop()
      }
    }),
  faults: (report) => [
    ...invariantsBroken(report),
    ...atMost(report, 'slowestBackMs', 5_000),
    ...['failedReads', 'restarts', 'otherErrors', 'withoutRetryAfter'].flatMap((name) => atMost(report, name, 0)),
    ...atLeast(report, 'refused503', 10),
    ...atLeast(report, 'reads', 5),
  ],
})

async function canRead(server: ServerProcess): Promise<boolean> {
  const [runs, health, page] = await Promise.all([
    server.api('GET', '/v1/flow-runs?limit=5'),
    fetch(`${server.url}/healthz`),
    fetch(`${server.url}/`),
  ])
  return runs.status === 200 && health.ok && page.ok
}

/** Begins new files of the log until there is no room for one. */
async function useUpLog({ dataDir }: ServerProcess): Promise<void> {
  const connection = {
    host: join(dataDir, 'postgres'),
    port: clusterPort,
    user: clusterUser,
    database: clusterDatabase,
  }
  const database = openDatabase(connection, { poolSize: 1, applicationName: 'fault test' })
  try {
    for (;;) await database.query({ text: `select pg_switch_wal(), pg_logical_emit_message(false, 'fault', 'x')` })
  } catch {
    // The server is gone.
  } finally {
    await database.close()
  }
}
