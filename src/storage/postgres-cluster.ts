import { execFile, spawn } from 'node:child_process'
import {
  chownSync,
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { type Account, EmbeddedPostgresError, type PostgresBinaries, programEnvironment } from './postgres-binaries.ts'

/** A PostgreSQL data directory and what runs on it. */
export interface Cluster {
  directory: string
  /** PostgreSQL refuses root: then the server is the user who owns the directory, at first nobody. */
  account: Account | undefined
}

export const clusterUser = 'hookline'
/** Made by initdb; a name of our own would cost a copy of it at the first start. */
export const clusterDatabase = 'postgres'
export const clusterPort = 5432

/** A named pipe in the cluster: whoever has it open for writing uses the server. See `supervisor`. */
export const leaseName = 'hookline.lease'

const nobody: Account = { uid: 65534, gid: 65534 }

export function clusterAt(directory: string): Cluster {
  if (process.getuid?.() !== 0) return { directory, account: undefined }
  const made = statSync(directory, { throwIfNoEntry: false })
  return { directory, account: made && made.uid !== 0 ? { uid: made.uid, gid: made.gid } : nobody }
}

/**
 * Makes the cluster if there is none, and says whether it did. It appears under its name only when complete and on disk,
 * so a start that is killed, or two at once, leave no half of one.
 */
export async function createCluster(cluster: Cluster, postgres: PostgresBinaries): Promise<boolean> {
  const { directory, account } = cluster
  if (existsSync(join(directory, 'PG_VERSION'))) return false
  const parent = dirname(directory)
  removeUnfinished(directory)
  const unfinished = `${directory}.new-${process.pid}`
  mkdirSync(unfinished, { mode: 0o700 })
  try {
    if (account) chownSync(unfinished, account.uid, account.gid)
    await runInitdb({ directory: unfinished, account }, postgres)
    renameSync(unfinished, directory)
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true })
    // Another process was faster.
    if (existsSync(join(directory, 'PG_VERSION'))) return false
    if (!existsSync(directory)) throw error
    throw new EmbeddedPostgresError(`${directory} is not empty but holds no PostgreSQL cluster.`, { cause: error })
  }
  const opened = openSync(parent, 'r')
  fsyncSync(opened)
  closeSync(opened)
  return true
}

async function runInitdb(cluster: Cluster, postgres: PostgresBinaries): Promise<void> {
  // Sorting by code point is the same on every system and for ever; a libc's or ICU's order changes with its version
  // and then corrupts indexes.
  const locale =
    postgres.version >= 17 ? ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'] : ['--locale=C']
  const args = [`--username=${clusterUser}`, '--auth=trust', '--encoding=UTF8', '--data-checksums', ...locale]
  try {
    await promisify(execFile)(join(postgres.directory, 'initdb'), ['-D', pathForServer(cluster), ...args], {
      ...cluster.account,
      cwd: cluster.directory,
      env: programEnvironment,
    })
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error)
    throw new EmbeddedPostgresError(`initdb failed: ${said}`, { cause: error })
  }
}

/** Left by a first start that was killed in the middle. */
function removeUnfinished(directory: string): void {
  for (const name of readdirSync(dirname(directory))) {
    const pid = new RegExp(`^${basename(directory)}\\.new-(\\d+)$`).exec(name)?.[1]
    if (pid && !isAlive(Number(pid))) rmSync(join(dirname(directory), name), { recursive: true, force: true })
  }
}

/**
 * What the server gets as the path of its cluster. Its account may not be able to enter the directories above, which
 * are root's; the kernel's link to the working directory leads there all the same, and leaves HOOKLINE_DATA_DIR free.
 */
function pathForServer({ directory, account }: Cluster): string {
  return account && process.platform === 'linux' ? '/proc/self/cwd' : directory
}

/** On the command line, not in postgresql.conf: a newer Hookline brings its settings to an older cluster. */
const settings: Record<string, string> = {
  // Only processes that may enter the cluster's directory (mode 700) can connect.
  listen_addresses: '',
  unix_socket_directories: '.',
  unix_socket_permissions: '0700',
  port: String(clusterPort),
  // An accepted webhook survives loss of power. These are the defaults; an edited postgresql.conf must not undo them.
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  // Runs and jobs in progress fit; what is older is read rarely and found in the system's cache.
  shared_buffers: '128MB',
  // What a crash leaves to replay at most: about 3 s a GB. More would make checkpoints rarer for 5 % less to write.
  max_wal_size: '1GB',
  // Those whole pages shrink to a third for little CPU (the packaged build has neither lz4 nor zstd).
  wal_compression: 'pglz',
  // Our statements last less than compiling them would.
  jit: 'off',
  // A plan with several processes takes the cores from the webhooks.
  max_parallel_workers_per_gather: '0',
  // Several processes of some 20 connections each.
  max_connections: '100',
  // The queue's rows live for milliseconds: at the default of a minute its indexes bloat under load.
  autovacuum_naptime: '15s',
  timezone: 'UTC',
  log_timezone: 'UTC',
  // The log tells of starts, stops and crashes. Errors of statements reach us as errors, and their details would write
  // payloads into a file.
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_checkpoints: 'off',
}

/**
 * Keeps the server alive as long as any process of Hookline uses it, and no longer. Nothing else can: a Node that is
 * killed with -9 has no last words.
 *
 * Its standard input is a pipe from the Node that started it, and later ones hold the lease open for writing. The kernel
 * closes both with the process, however it ends; when the last is closed, reading ends, and SIGINT makes a clean and
 * fast shutdown. Opening the lease `<>` first lets it be opened for reading without waiting for a writer; as long as it
 * has a reader, there is a server to join. Signals meant for Hookline's process group must not stop the server before
 * Hookline has finished.
 */
const supervisor = `
trap '' HUP INT TERM
umask 077
[ -p ${leaseName} ] || mkfifo ${leaseName} || exit 1
exec 3<>${leaseName} 4<${leaseName} 3<&- 5<&0 </dev/null
"$@" 4<&- 5<&- &
server=$!
{ read -r nothing <&5; read -r nothing <&4; kill -INT "$server"; } &
watcher=$!
exec 4<&- 5<&-
wait "$server"
status=$?
kill -KILL "$watcher" 2>/dev/null
exit "$status"
`

/** The log grows by a few lines a start; beyond this it begins anew. */
const maxLogBytes = 10 * 1024 * 1024

export interface LaunchedServer {
  /** The exit status once it has ended, above 128 when it was killed. */
  ended(): number | undefined
  /** Closes this process's pipe: the server shuts down once no lease is open either. */
  release(): void
  /** What the server has said since its launch. */
  log(): string
}

/** Starts a server on the cluster and returns at once. */
export function launchServer(
  cluster: Cluster,
  postgres: PostgresBinaries,
  overrides: Record<string, string> = {},
): LaunchedServer {
  removeStaleLocks(cluster.directory)
  const logPath = `${cluster.directory}.log`
  const log = openSync(logPath, 'a', 0o600)
  if (fstatSync(log).size > maxLogBytes) ftruncateSync(log)
  const logStart = fstatSync(log).size
  const options = Object.entries({ ...settings, ...overrides }).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const command = [join(postgres.directory, 'postgres'), '-D', pathForServer(cluster), ...options]
  const child = spawn('/bin/sh', ['-c', supervisor, 'sh', ...command], {
    ...cluster.account,
    cwd: cluster.directory,
    env: programEnvironment,
    detached: true,
    stdio: ['pipe', log, log],
  })
  closeSync(log)
  let ended: number | undefined
  child.once('exit', (status) => {
    ended = status ?? 255
  })
  // Node may exit while the server goes on for others.
  child.unref()
  return {
    ended: () => ended,
    release: () => child.stdin?.destroy(),
    log: () => readFileSync(logPath).subarray(logStart).toString().trim(),
  }
}

/**
 * The process id of the server that runs on the cluster.
 *
 * postmaster.pid alone is no proof: after a crash it stays, and its number may have passed to another process or belong
 * to one that is dead but not yet reaped. A server's working directory is its cluster.
 */
export function serverProcess(directory: string): number | undefined {
  const pid = pidIn(join(directory, 'postmaster.pid'))
  return pid !== undefined && isServer(pid, directory) ? pid : undefined
}

function isServer(pid: number, directory: string): boolean {
  if (process.platform !== 'linux') return isAlive(pid)
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(directory)
  } catch {
    // No such process, or one of another user: not our server.
    return false
  }
}

/**
 * PostgreSQL refuses to start while the number in one of its lock files belongs to any process, so the files of a dead
 * server are removed in exactly that case. Left-over backends still block a start: the server looks for their shared
 * memory.
 */
function removeStaleLocks(directory: string): void {
  for (const name of ['postmaster.pid', `.s.PGSQL.${clusterPort}.lock`]) {
    const file = join(directory, name)
    const pid = pidIn(file)
    if (pid !== undefined && isAlive(pid) && !isServer(pid, directory)) rmSync(file, { force: true })
  }
}

function pidIn(file: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(file, 'utf8'), 10)
    return Number.isNaN(pid) ? undefined : pid
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined
    throw new EmbeddedPostgresError(`${file} cannot be read: it belongs to another user.`, { cause })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
