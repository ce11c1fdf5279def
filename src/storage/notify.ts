import type { Queryable } from './database.ts'

/** Sends a text of less than 8,000 bytes to everyone who listens on the channel; see `Database.listen`. */
export async function notify(database: Queryable, channel: string, text: string): Promise<void> {
  await database.query({ name: 'notify', text: 'select pg_notify($1, $2)', values: [channel, text] })
}
