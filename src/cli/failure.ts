import { SecretKeyError } from '../access/secret-key.ts'
import { ConfigError } from '../config.ts'
import { AppError } from '../errors.ts'
import { BackupError } from '../storage/backup-format.ts'
import { EmbeddedPostgresError } from '../storage/postgres-binaries.ts'
import { DatabaseUnavailableError } from '../storage/unavailable.ts'

/** Something the person at the command line can mend; told without a stack. */
export class CommandError extends Error {}

const mendable = [CommandError, ConfigError, SecretKeyError, EmbeddedPostgresError, AppError, BackupError]

/** Runs a command; an error ends the process with status 1 and a message on standard error. */
export function reportingErrors<Args extends unknown[]>(command: (...args: Args) => Promise<void>) {
  return async (...args: Args): Promise<void> => {
    try {
      await command(...args)
    } catch (error) {
      process.exitCode = 1
      console.error(messageOf(error))
    }
  }
}

/** What to show of an error: with its stack only when it is a fault of ours. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (error instanceof DatabaseUnavailableError) return `${error.message}: ${reasonOf(error)}. ${seeToUrl}`
  if (isRefusal(error)) return `the database refuses: ${error.message}. ${seeToUrl}`
  return mendable.some((kind) => error instanceof kind) ? error.message : (error.stack ?? error.message)
}

const seeToUrl = 'See to HOOKLINE_DATABASE_URL and to what the server allows this user'

function reasonOf({ cause }: Error): string {
  // Node tries every address of a name, and says what came of each.
  if (cause instanceof AggregateError) return cause.errors.map((each) => each.message).join(', ')
  return cause instanceof Error ? cause.message : String(cause)
}

/** By SQLSTATE: wrong password or user (class 28), no such database, no right. */
function isRefusal(error: Error): boolean {
  return 'code' in error && /^(28...|3D000|42501)$/.test(String(error.code))
}

/** Why a server can't listen there and what to set; undefined for any other error. */
export function listenFailure(error: unknown, host: string, port: number): string | undefined {
  const { code, syscall } = error as NodeJS.ErrnoException
  if (syscall !== 'listen' && syscall !== 'getaddrinfo') return undefined
  if (code === 'EADDRINUSE') return `${host}:${port} is in use by something else: set HOOKLINE_PORT to another port`
  if (code === 'EACCES') return `only root may listen on port ${port}: set HOOKLINE_PORT to a higher one`
  if (code === 'EADDRNOTAVAIL') return `this machine does not have the address ${host}: set HOOKLINE_HOST to one it has`
  if (syscall === 'getaddrinfo')
    return `there is no address for ${host} (${code}): set HOOKLINE_HOST to one of this machine`
  return undefined
}
