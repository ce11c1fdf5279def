import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { startServer } from '../rig/server-process.ts'
import { atLeast, atMost, faultTest } from './fault-test.ts'
import { invariantsBroken, judge } from './judge.ts'
import { acceptedMore, makeTarget, newLedger, startLoad } from './load.ts'

/** On the embedded database, which dies with the server and is started again with it. */
export const killNine = faultTest({
  id: 'F1',
  title: 'kill -9 of the only process under load',
  passes: 'nothing lost, repeated or made up; a start after it takes 4 s more than another one at most',
  short: { kills: 1, seconds: 2, rate: 200, leastAccepted: 20 },
  full: { kills: 50, seconds: 4, rate: 200, leastAccepted: 5_000 },
  everyTestRun: true,
  async run({ kills, seconds, rate }, say) {
    const dataDir = await mkdtemp(join(tmpdir(), 'hookline-kill-'))
    const env = {
      HOOKLINE_DATA_DIR: dataDir,
      HOOKLINE_SECRET_KEY: 'a secret key for the kill test, long enough',
      HOOKLINE_LOG_LEVEL: 'fatal',
    }
    const ledger = newLedger()
    let slowestReadyMs = 0
    let server = await startServer(env)
    try {
      const { token } = server
      await server.end('SIGTERM')
      const cleanStart = performance.now()
      server = await startServer(env, { token })
      const cleanReadyMs = Math.round(performance.now() - cleanStart)
      const targets = [await makeTarget(server, { async: true }), await makeTarget(server, { async: false })]
      for (let kill = 1; kill <= kills; kill++) {
        const load = startLoad({ urls: () => [server.url], targets, rate, ledger })
        await acceptedMore(ledger, 20)
        await pause(Math.random() * seconds * 1000)
        await server.end('SIGKILL')
        await load.stop()
        const start = performance.now()
        server = await startServer(env, { token })
        slowestReadyMs = Math.max(slowestReadyMs, Math.round(performance.now() - start))
        say(`kill ${kill} of ${kills}, ${ledger.accepted.size} accepted`)
      }
      return { kills, cleanReadyMs, slowestReadyMs, ...(await judge({ server, targets, ledger })) }
    } finally {
      await server.stop()
      await rm(dataDir, { recursive: true, force: true })
    }
  },
  faults: (report, { leastAccepted }) => [
    ...invariantsBroken(report),
    ...atMost(report, 'slowestReadyMs', Number(report.cleanReadyMs) + 4_000),
    ...atLeast(report, 'accepted', leastAccepted),
  ],
})
