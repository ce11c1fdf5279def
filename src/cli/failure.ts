import { SecretKeyError } from '../access/secret-key.ts'
import { ConfigError } from '../config.ts'
import { AppError } from '../errors.ts'
import { BackupError } from '../storage/backup-format.ts'
import { EmbeddedPostgresError } from '../storage/postgres-binaries.ts'

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
  if (!mendable.some((kind) => error instanceof kind)) return error.stack ?? error.message
  const cause = error instanceof AppError && error.cause instanceof Error ? `: ${error.cause.message}` : ''
  return `${error.message}${cause}`
}
