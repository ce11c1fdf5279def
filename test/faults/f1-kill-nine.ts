import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { startServer } from '../rig/server-process.ts'
import { atLeast, atMost, faultTest } from './fault-test.ts'
import { invariantsBroken, judge } from './judge.ts'
import { makeTarget, newLedger, startLoad } from './load.ts'

/** On the embedded database, which dies with the server and is started again with it. */
export const killNine = faultTest({
  id: 'F1',
  title: 'kill -9 of the only process under load',
  passes: 'nothing lost, repeated or made up; ready again within 5 s of each start',
  short: { kills: 2, seconds: 1.5, rate: 200, leastAccepted: 100 },
  full: { kills: 50, seconds: 4, rate: 200, leastAccepted: 12_000 },
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
      const targets = [await makeTarget(server, { async: true }), await makeTarget(server, { async: false })]
      for (let kill = 1; kill <= kills; kill++) {
        const load = startLoad({ urls: () => [server.url], targets, rate, ledger })
        await pause(300 + Math.random() * seconds * 1000)
        await server.end('SIGKILL')
        await load.stop()
        const start = performance.now()
        server = await startServer(env, { token })
        slowestReadyMs = Math.max(slowestReadyMs, Math.round(performance.now() - start))
        say(`kill ${kill} of ${kills}, ${ledger.accepted.size} accepted`)
      }
      return { kills, slowestReadyMs, ...(await judge({ server, targets, ledger })) }
    } finally {
      await server.stop()
      await rm(dataDir, { recursive: true, force: true })
    }
  },
  faults: (report, { leastAccepted }) => [
    ...invariantsBroken(report),
    ...atMost(report, 'slowestReadyMs', 5_000),
    ...atLeast(report, 'accepted', leastAccepted),
  ],
})
