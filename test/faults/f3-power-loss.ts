import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { atLeast, faultTest, type Say } from './fault-test.ts'
import { type FileSystem, type FileSystemKind, withFileSystem } from './file-system.ts'
import { type Findings, invariantsBroken } from './judge.ts'
import { acceptedMore } from './load.ts'
import { type FaultRig, withRig } from './rig.ts'

interface Options {
  /** Power cuts on each file system. */
  cuts: number
  /** Rounds with a database that does not wait for the disk. */
  controls: number
}

/** At full speed checkpoints come so often that they would hide a loss. */
const rate = 150
const megabytes = 512

/** What makes PostgreSQL answer before the disk has the commit, and what lets it keep the last second to itself. */
const careless = { synchronous_commit: 'off', wal_writer_delay: '1s' }

/** The database's disk loses what was not flushed to it, on two file systems. */
export const powerLoss = faultTest<Options>({
  id: 'F3',
  title: 'the power fails under load: what was not flushed to the disk is gone',
  passes: 'nothing lost; with synchronous_commit off something must be lost, or the test proves nothing',
  needs: ['linux', 'root', 'loop', 'xfs'],
  short: { cuts: 1, controls: 1 },
  full: { cuts: 20, controls: 3 },
  async run({ cuts, controls }, say) {
    const found: Findings[] = []
    const controlLosses: number[] = []
    for (const kind of ['ext4', 'xfs'] as const) {
      found.push(await cutRepeatedly(kind, cuts, {}, say))
      for (let control = 1; control <= controls; control++) {
        const { lost } = await cutRepeatedly(kind, 1, careless, () => undefined)
        controlLosses.push(lost)
        say(`${kind}: control ${control} of ${controls} lost ${lost}`)
      }
    }
    const sum = (name: keyof Findings) => found.reduce((total, each) => total + Number(each[name]), 0)
    return {
      cuts: cuts * found.length,
      sent: sum('sent'),
      accepted: sum('accepted'),
      lost: sum('lost'),
      phantoms: sum('phantoms'),
      repeated: sum('repeated'),
      unfinished: sum('unfinished'),
      controls: controlLosses.length,
      leastControlLoss: Math.min(...controlLosses),
      mostControlLoss: Math.max(...controlLosses),
    }
  },
  faults: (report, { cuts }) => [
    ...invariantsBroken(report),
    ...atLeast(report, 'accepted', cuts * 50),
    ...atLeast(report, 'leastControlLoss', 1).map((fault) => `void: ${fault}`),
  ],
})

function cutRepeatedly(kind: FileSystemKind, cuts: number, settings: Record<string, string>, say: Say) {
  return withFileSystem(kind, megabytes, (disk) =>
    withRig(
      {
        flows: [
          { async: true, calls: false },
          { async: false, calls: false },
        ],
        postgres: { directory: join(disk.directory, 'postgres'), settings },
      },
      async (rig) => {
        await rig.addServer()
        for (let cut = 1; cut <= cuts; cut++) {
          const load = rig.load(rate)
          await acceptedMore(rig.ledger, 50)
          await pause(Math.random() * 1500)
          await cutPower(rig, disk)
          await load.stop()
          await rig.addServer()
          say(`${kind}: cut ${cut} of ${cuts}, ${rig.ledger.accepted.size} accepted`)
        }
        return rig.judge()
      },
    ),
  )
}

/** The machine goes down with its disk, and comes up again with what the disk has. */
async function cutPower({ postgres, servers }: FaultRig, disk: FileSystem): Promise<void> {
  await disk.cutPower()
  await Promise.all(servers.splice(0).map((server) => server.end('SIGKILL')))
  await postgres.stop('kill')
  await disk.restore()
  await postgres.start()
}
