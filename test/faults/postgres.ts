import { appendFileSync, mkdirSync, readdirSync, readlinkSync, realpathSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { openDatabase, type Statement } from '../../src/storage/database.ts'
import { findPostgres, type PostgresBinaries } from '../../src/storage/postgres-binaries.ts'
import {
  clusterAt,
  clusterDatabase,
  clusterPort,
  clusterUser,
  createCluster,
  type LaunchedServer,
  launchServer,
  serverProcess,
} from '../../src/storage/postgres-cluster.ts'

/** A PostgreSQL server that only the test starts and stops, as the server of an operator is to the product. */
export interface OwnPostgres {
  /** For HOOKLINE_DATABASE_URL. */
  url: string
  directory: string
  /** Returns once it takes connections; after a crash it recovers first. */
  start(): Promise<void>
  /** As `pg_ctl stop`: `fast` ends sessions and writes a checkpoint, `immediate` leaves recovery to the next start; `kill` is -9. */
  stop(how: 'fast' | 'immediate' | 'kill'): Promise<void>
  /** Stops all its processes in their tracks (SIGSTOP), and lets them go on. */
  freeze(): void
  thaw(): void
  /** Its processes: the first one and those it has forked. */
  processIds(): number[]
  query<Row>(statement: Statement): Promise<Row[]>
}

export interface OwnPostgresOptions {
  /** A new directory is made into a cluster; one that holds a cluster is used. */
  directory: string
  settings?: Record<string, string>
  /** Listens there too; without a password for `trusted`, a network in CIDR notation. */
  tcp?: { host: string; port: number; trusted: string }
  /** Variables of its environment, such as LD_PRELOAD; without blanks. */
  env?: Readonly<Record<string, string>>
}

const readyWithinMs = 60_000
const stopSignals = { fast: 'SIGINT', immediate: 'SIGQUIT', kill: 'SIGKILL' } as const

/** Makes the cluster if need be; `start` starts the server. Its settings are the product's, with those given on top. */
export async function ownPostgres({ directory, settings = {}, tcp, env }: OwnPostgresOptions): Promise<OwnPostgres> {
  mkdirSync(dirname(directory), { recursive: true, mode: 0o711 })
  const cluster = clusterAt(directory)
  const binaries = await findPostgres({ postgresBin: undefined, dataDir: dirname(directory), account: cluster.account })
  const isNew = await createCluster(cluster, binaries)
  const launchedBinaries = env === undefined ? binaries : wrapped(binaries, `${directory}.bin`, env)
  if (isNew && tcp) appendFileSync(join(directory, 'pg_hba.conf'), `host all all ${tcp.trusted} trust\n`)
  const port = tcp?.port ?? clusterPort
  const overrides = { ...settings, ...(tcp && { listen_addresses: tcp.host, port: String(port) }) }
  const url = tcp
    ? `postgres://${clusterUser}@${tcp.host}:${port}/${clusterDatabase}`
    : `postgres:///${clusterDatabase}?${new URLSearchParams({ host: directory, port: String(port), user: clusterUser })}`
  // Asked for while the disk does not answer.
  const real = realpathSync(directory)
  let launched: LaunchedServer | undefined
  let postmaster: number | undefined

  async function query<Row>(statement: Statement): Promise<Row[]> {
    const database = openDatabase(url, { poolSize: 1, applicationName: 'fault test' })
    try {
      return (await database.query<Row>(statement)).rows
    } finally {
      await database.close()
    }
  }

  function signal(name: NodeJS.Signals): void {
    for (const pid of processesIn(real)) sendSignal(pid, name)
  }

  return {
    url,
    directory,
    query,
    async start() {
      launched = launchServer(clusterAt(directory), launchedBinaries, overrides)
      const deadline = performance.now() + readyWithinMs
      for (;;) {
        try {
          await query({ text: 'select 1' })
          postmaster = serverProcess(directory)
          return
        } catch (error) {
          if (launched.ended() !== undefined) throw new Error(`PostgreSQL did not start: ${launched.log()}`)
          if (performance.now() > deadline) throw error
          await pause(20)
        }
      }
    },
    async stop(how) {
      if (launched === undefined) return
      if (postmaster !== undefined && launched.ended() === undefined) sendSignal(postmaster, stopSignals[how])
      while (launched.ended() === undefined) await pause(5)
      // What is left of a killed one holds its shared memory until it has noticed.
      while (processesIn(real).length > 0) await pause(5)
      launched.release()
      launched = undefined
    },
    freeze: () => signal('SIGSTOP'),
    thaw: () => signal('SIGCONT'),
    processIds: () => processesIn(real),
  }
}

/** The server with an environment of its own; the product gives it none. */
function wrapped(
  binaries: PostgresBinaries,
  directory: string,
  env: Readonly<Record<string, string>>,
): PostgresBinaries {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  mkdirSync(directory, { mode: 0o755 })
  const script = `#!/bin/sh\nexec env ${variables.join(' ')} ${join(binaries.directory, 'postgres')} "$@"\n`
  writeFileSync(join(directory, 'postgres'), script, { mode: 0o755 })
  return { ...binaries, directory }
}

/** Its processes are those that work in its directory; nobody else does. */
function processesIn(directory: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && linkOf(`/proc/${name}/cwd`) === directory && isPostgres(name))
    .map(Number)
}

function linkOf(file: string): string | undefined {
  try {
    return readlinkSync(file)
  } catch {
    // Ended meanwhile, or not yet reaped.
    return undefined
  }
}

/** The shell that watches over the server works there, too. */
function isPostgres(pid: string): boolean {
  return linkOf(`/proc/${pid}/exe`)?.endsWith('/postgres') === true
}

function sendSignal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}
