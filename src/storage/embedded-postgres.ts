import {
  accessSync,
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  writeSync,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import pg from 'pg'
import type { DatabaseConnection } from './database.ts'
import { EmbeddedPostgresError, findPostgres, type PostgresBinaries } from './postgres-binaries.ts'
import {
  clusterAt,
  clusterDatabase,
  clusterPort,
  clusterUser,
  createCluster,
  type LaunchedServer,
  launchServer,
  leaseName,
  serverProcess,
} from './postgres-cluster.ts'

export interface EmbeddedPostgresOptions {
  /** The cluster is kept in `{dataDir}/postgres` (mode 700), the server's log beside it in `postgres.log`. */
  dataDir: string
  /** Directory of `initdb` and `postgres` of a PostgreSQL that the machine has, instead of the one npm installed. */
  postgresBin?: string | undefined
  /** Server settings that replace ours; for tests. */
  settings?: Record<string, string>
  log: { info(message: string): void; warn(message: string): void }
}

export interface EmbeddedPostgres {
  connection: DatabaseConnection
  /** `joined`: another process of this data directory had it running. */
  started: 'created' | 'restarted' | 'joined'
  /** Leaves the server. The last process to leave shuts it down and waits for that (at most 30 s). */
  stop(): Promise<void>
}

/** Recovery after a crash replays up to `max_wal_size`: on a slow disk, a minute or two. */
const readyWithinMs = 180_000
const stoppedWithinMs = 30_000
const retryEveryMs = 10
/** A server that lives although nothing watches over it (its supervisor was killed) is joined after this wait. */
const unwatchedAfterMs = 5_000
/** Pause after a failed attempt to start it again; doubled each time up to the second figure. */
const reviveFirstMs = 100
const reviveLastMs = 3_000

/** The shortest limit of all systems (macOS) on the path of a unix socket, in bytes. */
const maxSocketPathBytes = 103

const keeperName = 'hookline keeper'

/**
 * Boots the PostgreSQL that npm installed, or joins it where another process on the same data directory has done so:
 * the command line beside a server, or api and worker as separate processes.
 *
 * No process owns the server. It lives as long as one of its users does (`supervisor` in postgres-cluster.ts), and every
 * user holds one connection, the keeper, to learn at once when the server has died; whoever is first starts it again.
 * The address stays the same, so pools recover by themselves.
 *
 * Throws `EmbeddedPostgresError`, with the reason and the way out, where it can't run.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const dataDir = resolve(options.dataDir)
  const directory = join(dataDir, 'postgres')
  // Root's server runs as nobody, who must get through to binaries that were copied here.
  makeDirectory(dataDir, process.getuid?.() === 0 ? 0o711 : 0o700)
  const socket = reachableSocket(directory)
  const connection = { host: socket.directory, port: clusterPort, user: clusterUser, database: clusterDatabase }
  const stopping = new AbortController()
  let postgres: PostgresBinaries | undefined
  let created = false

  async function launch(): Promise<LaunchedServer> {
    const cluster = clusterAt(directory)
    postgres ??= await findPostgres({ postgresBin: options.postgresBin, dataDir, account: cluster.account })
    created = await createCluster(cluster, postgres)
    return launchServer(cluster, postgres, options.settings)
  }

  /** Uses the server and, whenever it goes away, starts it again or joins whoever was faster. */
  async function keep(): Promise<Attachment> {
    const attachment = await attach({ connection, directory, launch, signal: stopping.signal })
    attachment.keeper.once('end', () => {
      if (stopping.signal.aborted) return
      options.log.warn('PostgreSQL has gone away; starting it again')
      current = revive().finally(attachment.release)
    })
    return attachment
  }

  /**
   * The claim on the former server is given up only afterwards: one that recovers by itself from the death of one of its
   * processes would be told to shut down in the middle of it, and PostgreSQL 18 may hang for ever then.
   */
  async function revive(): Promise<Attachment | undefined> {
    for (let pauseMs = reviveFirstMs; !stopping.signal.aborted; pauseMs = Math.min(pauseMs * 2, reviveLastMs)) {
      try {
        const attachment = await keep()
        options.log.info('PostgreSQL is back')
        return attachment
      } catch (error) {
        if (stopping.signal.aborted) break
        options.log.warn(`PostgreSQL does not start: ${error instanceof Error ? error.message : error}`)
        await pause(pauseMs)
      }
    }
    return undefined
  }

  let current: Promise<Attachment | undefined> = keep()
  const first = await current.catch((error: unknown) => {
    socket.remove()
    throw error
  })
  return {
    connection,
    started: !first?.launched ? 'joined' : created ? 'created' : 'restarted',
    async stop() {
      stopping.abort()
      const attachment = await current
      if (attachment) await leave(attachment, directory)
      socket.remove()
    },
  }
}

function makeDirectory(path: string, mode: number): void {
  try {
    mkdirSync(path, { recursive: true, mode })
    accessSync(path, constants.W_OK)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : cause
    throw new EmbeddedPostgresError(
      `its directory can't be written: ${reason}. Set HOOKLINE_DATA_DIR to one that this user may write to.`,
      { cause },
    )
  }
}

/** This process's part in a running server. */
interface Attachment {
  keeper: pg.Client
  launched: boolean
  /** Gives up this process's claim. When it was the last, the server shuts down. */
  release(): void
}

interface Attaching {
  connection: DatabaseConnection
  directory: string
  launch(): Promise<LaunchedServer>
  signal: AbortSignal
}

/** Joins the server or launches it, as often as it takes while others do the same or an old one shuts down. */
async function attach({ connection, directory, launch, signal }: Attaching): Promise<Attachment> {
  const startedAt = performance.now()
  while (performance.now() - startedAt < readyWithinMs) {
    signal.throwIfAborted()
    const lease = openLease(directory)
    if (lease !== undefined) {
      const keeper = await connectKeeper(connection)
      if (keeper && isWatched(lease)) return { keeper, launched: false, release: () => closeSync(lease) }
      await keeper?.end()
      closeSync(lease)
    } else if (serverProcess(directory) === undefined) {
      const attachment = await whenReady(await launch(), connection, directory)
      if (attachment) return attachment
    } else if (performance.now() - startedAt > unwatchedAfterMs) {
      const keeper = await connectKeeper(connection)
      if (keeper) return { keeper, launched: false, release: () => undefined }
    }
    await pause(retryEveryMs)
  }
  const seconds = readyWithinMs / 1000
  throw new EmbeddedPostgresError(`the server was not ready within ${seconds} s; its log is ${directory}.log.`)
}

/** Waits until a launched server takes connections; undefined when another attempt may succeed. */
async function whenReady(
  server: LaunchedServer,
  connection: DatabaseConnection,
  directory: string,
): Promise<Attachment | undefined> {
  const startedAt = performance.now()
  while (server.ended() === undefined && performance.now() - startedAt < readyWithinMs) {
    const keeper = await connectKeeper(connection)
    if (!keeper) {
      await pause(retryEveryMs)
      continue
    }
    // Two that start at once may both get here: one server has won, and the lease is on that one.
    const lease = openLease(directory)
    return {
      keeper,
      launched: true,
      release() {
        server.release()
        if (lease !== undefined) closeSync(lease)
      },
    }
  }
  server.release()
  const status = server.ended()
  const said = server.log()
  // It was killed, another server is faster, or what is left of a killed one has not ended yet.
  const again = status === undefined || status > 128 || /postmaster\.pid|pre-existing shared memory/.test(said)
  if (again) return undefined
  throw new EmbeddedPostgresError(`the server stopped at its start: ${said}`)
}

/** Undefined where no supervisor watches the lease: then no server runs, or one that is stopping. */
function openLease(directory: string): number | undefined {
  try {
    return openSync(join(directory, leaseName), constants.O_WRONLY | constants.O_NONBLOCK)
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    if (code === 'ENXIO' || code === 'ENOENT') return undefined
    throw new EmbeddedPostgresError(`its directory ${directory} belongs to another user.`, { cause })
  }
}

/** Not so when the supervisor had already seen the last user go when the lease was opened. */
function isWatched(lease: number): boolean {
  try {
    // The supervisor ignores what it reads and waits for the end.
    writeSync(lease, '.')
    return true
  } catch {
    return false
  }
}

/** Undefined while the server does not take connections. */
async function connectKeeper(connection: DatabaseConnection): Promise<pg.Client | undefined> {
  const keeper = new pg.Client({ ...connection, application_name: keeperName, connectionTimeoutMillis: 2_000 })
  // An error ends the connection, and 'end' is what is acted on.
  keeper.on('error', () => undefined)
  try {
    await keeper.connect()
    return keeper
  } catch {
    // Not there yet, starting or stopping: the caller asks again, and the server's log has the reason.
    await keeper.end()
    return undefined
  }
}

async function leave({ keeper, release }: Attachment, directory: string): Promise<void> {
  const server = serverProcess(directory)
  const alone = (await countOtherKeepers(keeper)) === 0
  await keeper.end()
  release()
  const startedAt = performance.now()
  while (alone && serverProcess(directory) === server && performance.now() - startedAt < stoppedWithinMs) {
    if (server === undefined) return
    await pause(retryEveryMs)
  }
}

async function countOtherKeepers(keeper: pg.Client): Promise<number> {
  const question = {
    text: 'select from pg_stat_activity where application_name = $1 and pid <> pg_backend_pid()',
    values: [keeperName],
    query_timeout: 2_000,
  }
  try {
    return (await keeper.query(question)).rowCount ?? 0
  } catch {
    // The server is dead or stuck; there is nothing to leave to others.
    return 0
  }
}

/** The server's socket lies in its directory. Where that path is too long for a socket, a short link leads to it. */
function reachableSocket(directory: string): { directory: string; remove(): void } {
  if (Buffer.byteLength(join(directory, `.s.PGSQL.${clusterPort}`)) <= maxSocketPathBytes) {
    return { directory, remove: () => undefined }
  }
  const link = join(mkdtempSync('/tmp/hookline-'), 'postgres')
  symlinkSync(directory, link)
  return { directory: link, remove: () => rmSync(dirname(link), { recursive: true, force: true }) }
}
