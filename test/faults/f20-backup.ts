import { spawn } from 'node:child_process'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { startServer } from '../rig/server-process.ts'
import { atLeast, atMost, faultTest } from './fault-test.ts'
import { invariantsBroken, judge } from './judge.ts'
import { answerFigures, makeTarget, newLedger, startLoad } from './load.ts'

const secretKey = { HOOKLINE_SECRET_KEY: 'a secret key for backups, long enough too' }

/** On the embedded database; backups of any other one take the same way. */
export const backupUnderLoad = faultTest({
  id: 'F20',
  title: 'backup while requests come in, restored elsewhere',
  passes:
    'every run accepted before the backup began is in the restored set and comes to its end there; the server it was taken of loses nothing',
  short: { backups: 1, seconds: 2, rate: 150, leastAccepted: 150 },
  full: { backups: 10, seconds: 6, rate: 200, leastAccepted: 800 },
  everyTestRun: true,
  async run({ backups, seconds, rate }, say) {
    const directory = await mkdtemp(join(tmpdir(), 'hookline-backup-'))
    const ledger = newLedger()
    const server = await startServer(secretKey)
    const totals = { acceptedBefore: 0, lostInRestored: 0, unfinishedInRestored: 0, phantomsInRestored: 0 }
    let slowestBackupMs = 0
    try {
      const targets = [await makeTarget(server, { async: true }), await makeTarget(server, { async: false })]
      for (let round = 1; round <= backups; round++) {
        const load = startLoad({ urls: () => [server.url], targets, rate, ledger })
        await pause((seconds * 1000) / 2)
        const before = new Map(ledger.accepted)
        const start = performance.now()
        const file = join(directory, `${round}.backup`)
        await hookline(['backup', file], { HOOKLINE_DATA_DIR: server.dataDir, ...secretKey })
        slowestBackupMs = Math.max(slowestBackupMs, Math.round(performance.now() - start))
        await pause((seconds * 1000) / 2)
        await load.stop()
        const { size } = await stat(file)
        const found = await judgeRestored(file, { ...ledger, accepted: before }, server.token, targets)
        totals.acceptedBefore += before.size
        totals.lostInRestored += found.lost
        totals.unfinishedInRestored += found.unfinished
        totals.phantomsInRestored += found.phantoms
        say(`backup ${round} of ${backups}, ${size} bytes, ${before.size} accepted before it, ${found.lost} lost`)
      }
      const findings = await judge({ server, targets, ledger })
      return { backups, ...totals, slowestBackupMs, ...answerFigures(ledger), ...findings }
    } finally {
      await server.stop()
      await rm(directory, { recursive: true, force: true })
    }
  },
  faults: (report, { leastAccepted, backups }) => [
    ...invariantsBroken(report),
    ...['lostInRestored', 'unfinishedInRestored', 'phantomsInRestored'].flatMap((name) => atMost(report, name, 0)),
    ...atMost(report, 'otherErrors', 0),
    ...atLeast(report, 'acceptedBefore', (leastAccepted * backups) / 2),
    ...atLeast(report, 'accepted', leastAccepted),
  ],
})

/** Restores into a fresh directory and has a server go on from there. */
async function judgeRestored(
  file: string,
  ledger: Parameters<typeof judge>[0]['ledger'],
  token: string,
  targets: Parameters<typeof judge>[0]['targets'],
) {
  const dataDir = await mkdtemp(join(tmpdir(), 'hookline-restored-'))
  const env = { HOOKLINE_DATA_DIR: dataDir, ...secretKey }
  try {
    await hookline(['restore', file], env)
    const server = await startServer(env, { token })
    try {
      return await judge({ server, targets, ledger })
    } finally {
      await server.stop()
    }
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
}

async function hookline(args: string[], env: Record<string, string>): Promise<void> {
  const main = join(import.meta.dirname, '../../src/main.ts')
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.on('data', (chunk) => {
    said += chunk
  })
  const code = await new Promise((resolve) => child.once('close', resolve))
  if (code !== 0) throw new Error(`hookline ${args[0]} ended with ${code}: ${said}`)
}
