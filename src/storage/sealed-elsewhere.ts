import type { Sealer } from '../access/secrets.ts'
import type { Database } from './database.ts'

/**
 * Says what of the database was sealed with a key that is not here, and what to do; undefined when all can be opened.
 *
 * A process with a wrong `HOOKLINE_SECRET_KEY` works in all but that: it takes requests, and every call with a credential
 * fails. Read from the key id that each sealed value begins with, so nothing is opened; reads each such row once.
 */
export async function sealedElsewhere(
  database: Database,
  { keyIds }: Pick<Sealer, 'keyIds'>,
): Promise<string | undefined> {
  const { rows } = await database.query<{ credentials: number; tokens: number; registrations: number }>({
    text: `select
             (select count(*)::int from connector_auth where substring(secrets_sealed from 2 for 4) <> all ($1::bytea[])) as credentials,
             (select count(*)::int from flow where substring(token_sealed from 2 for 4) <> all ($1::bytea[])) as tokens,
             (select count(*)::int from registration
               where state <> 'removed' and substring(secrets_sealed from 2 for 4) <> all ($1::bytea[])) as registrations`,
    values: [keyIds],
  })
  const { credentials = 0, tokens = 0, registrations = 0 } = rows[0] ?? {}
  if (credentials + tokens + registrations === 0) return undefined
  return `${credentials} connector auths, ${tokens} webhook tokens and ${registrations} registrations were sealed with another secret key: set HOOKLINE_SECRET_KEY to that one, or HOOKLINE_SECRET_KEY_PREVIOUS if it was changed on purpose. If it is lost, enter credentials anew and rotate tokens`
}
