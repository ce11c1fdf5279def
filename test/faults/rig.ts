import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  type ProductProcess,
  type ServerProcess,
  type StartOptions,
  startServer,
  startWorker,
} from '../rig/server-process.ts'
import { type Findings, judge } from './judge.ts'
import { type FlowOptions, type Ledger, type Load, makeTarget, newLedger, startLoad, type Target } from './load.ts'
import { type OwnPostgres, type OwnPostgresOptions, ownPostgres } from './postgres.ts'
import { type Sink, startSink } from './sink.ts'

/** A database, a vendor and processes of the product, all of which the test may stop, kill and start as it likes. */
export interface FaultRig {
  directory: string
  postgres: OwnPostgres
  sink: Sink
  ledger: Ledger
  /** The flows of `flows`, in their order; made with the first process that takes requests. */
  targets: Target[]
  /** Processes that take requests, the first of which is asked by the judge. Replace the ones that you kill. */
  servers: ServerProcess[]
  workers: ProductProcess[]
  /** Adds a process that takes requests; as `api` it leaves the work to others. */
  addServer(role?: 'all' | 'api', env?: Record<string, string>, options?: StartOptions): Promise<ServerProcess>
  addWorker(env?: Record<string, string>, options?: StartOptions): Promise<ProductProcess>
  /** Sends to all servers and flows in turn. */
  load(rate: number, maxOpen?: number): Load
  judge(withinMs?: number): Promise<Findings>
}

export interface RigOptions {
  /** The flows that requests are sent to. */
  flows: readonly RigFlow[]
  postgres?: Partial<OwnPostgresOptions>
  /** Of all processes. */
  env?: Record<string, string>
}

export interface RigFlow extends Pick<FlowOptions, 'async' | 'settings' | 'delaySeconds'> {
  /** Whether its two steps call the vendor. */
  calls: boolean
}

/** Runs `work` in a rig of its own, of which nothing is left afterwards, whatever happens. */
export async function withRig<Result>(options: RigOptions, work: (rig: FaultRig) => Promise<Result>): Promise<Result> {
  const directory = await mkdtemp(join(tmpdir(), 'hookline-fault-'))
  // The database's own account must get through.
  await chmod(directory, 0o711)
  const postgres = await ownPostgres({ directory: join(directory, 'postgres'), ...options.postgres })
  const sink = await startSink()
  const rig = createRig(directory, postgres, sink, options)
  try {
    await postgres.start()
    return await work(rig)
  } finally {
    postgres.thaw()
    await sink.close()
    await Promise.all([...rig.servers, ...rig.workers].map((each) => each.end('SIGKILL')))
    await postgres.stop('immediate')
    await rm(directory, { recursive: true, force: true })
  }
}

function createRig(directory: string, postgres: OwnPostgres, sink: Sink, { flows, env }: RigOptions): FaultRig {
  let token: string | undefined
  const settings = {
    HOOKLINE_DATA_DIR: directory,
    HOOKLINE_DATABASE_URL: postgres.url,
    HOOKLINE_SECRET_KEY: 'a secret key for fault tests, long enough',
    HOOKLINE_OUTBOUND_ALLOW: '127.0.0.0/8',
    // Outages are what these tests make; set it to see what the product says of them.
    HOOKLINE_LOG_LEVEL: process.env.HOOKLINE_LOG_LEVEL ?? 'fatal',
    ...env,
  }
  const rig: FaultRig = {
    directory,
    postgres,
    sink,
    ledger: newLedger(),
    targets: [],
    servers: [],
    workers: [],
    async addServer(role = 'all', more = {}, start = {}) {
      const server = await startServer(
        { ...settings, HOOKLINE_ROLE: role, ...more },
        { ...(token !== undefined && { token }), ...start },
      )
      token = server.token
      rig.servers.push(server)
      for (const flow of flows.slice(rig.targets.length)) {
        rig.targets.push(await makeTarget(server, { ...flow, ...(flow.calls && { sinkUrl: sink.url }) }))
      }
      return server
    },
    async addWorker(more = {}, start = {}) {
      const worker = await startWorker({ ...settings, ...more }, start)
      rig.workers.push(worker)
      return worker
    },
    load: (rate, maxOpen) =>
      startLoad({
        urls: () => rig.servers.map(({ url }) => url),
        targets: rig.targets,
        rate,
        ledger: rig.ledger,
        ...(maxOpen !== undefined && { maxOpen }),
      }),
    judge: (withinMs) =>
      judge({
        server: rig.servers[0]!,
        targets: rig.targets,
        ledger: rig.ledger,
        ...(withinMs !== undefined && { withinMs }),
      }),
  }
  return rig
}
