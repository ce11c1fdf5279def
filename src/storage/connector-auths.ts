import { randomUUIDv7 } from 'node:crypto'
import { type Sealer, UnsealError } from '../access/secrets.ts'
import { type Json, parseJson, stringifyJson } from '../flow/json.ts'
import {
  type AuthFacts,
  type AuthGrant,
  type AuthInput,
  type AuthRow,
  type AuthSecrets,
  authColumns,
  authTag,
  type ConnectorAuth,
  type Credential,
  factsText,
  type PendingConsent,
  type Sealed,
  type SealedRow,
  taggedAuthColumns,
  toAuth,
  toCredential,
  toTaggedAuth,
} from './connector-auth-row.ts'
import { readCursor, writeCursor } from './cursor.ts'
import type { Database, Transaction } from './database.ts'
import { type FlowName, flowsByAuth, flowsThatUse } from './flow-uses.ts'
import { bumpRevision } from './flows.ts'
import { remakeWithAuth } from './registration-triggers.ts'
import type { Page, PageRequest } from './storage.ts'
import { changedMeanwhile, expected, type IfMatch, isBasedOn, refuseLostRace, type Tagged } from './tag.ts'

/** Deliveries that a vendor's app signs with the former secret may come for so long after a change. */
const formerSecretsMs = 60 * 60_000

/** Whoever waits longer than this for another one's renewal goes without. */
const renewalWaitMs = 28_000

export { UnsealError }

/** As a refusal calls it. */
const thing = 'the connector auth'

export interface ConnectorAuths {
  create(accountId: string, input: AuthInput, secrets: AuthSecrets, now: Date): Promise<Tagged<ConnectorAuth>>
  find(accountId: string, authId: string): Promise<Tagged<ConnectorAuth> | undefined>
  list(accountId: string, filter: { connector?: string | undefined }, page: PageRequest): Promise<Page<ConnectorAuth>>
  /**
   * `change` gets the secrets as they are and returns them as they shall be. Webhooks that were made with another
   * credential are made anew. Undefined when there is no such auth. Errors: `conflict` for a lost race.
   */
  update(
    accountId: string,
    authId: string,
    input: AuthInput,
    change: (secrets: AuthSecrets) => AuthSecrets,
    now: Date,
    ifMatch?: IfMatch,
  ): Promise<Tagged<ConnectorAuth> | undefined>
  /** Errors: `conflict` for a lost race. */
  delete(accountId: string, authId: string, ifMatch?: IfMatch): Promise<boolean>
  usedBy(accountId: string, authId: string): Promise<FlowName[]>
  /** The flows that use each auth of the account, by the auth. */
  uses(accountId: string): Promise<Map<string, FlowName[]>>
  noteCheck(accountId: string, authId: string, check: { at: Date; ok: boolean; message: string }): Promise<void>
  /** For the engine's calls only. Errors: `UnsealError` when the secret key has changed. */
  open(accountId: string, authId: string): Promise<Credential | undefined>
  /**
   * Replaces the grant by what `renew` returns; nothing when that is undefined. The row is locked meanwhile, so of all
   * workers one renews and the others, whose turn comes after, see its grant. Returns the credential as it is then.
   */
  renewGrant(
    accountId: string,
    authId: string,
    renew: (credential: Credential) => Promise<AuthGrant | undefined>,
  ): Promise<Credential | undefined>
  /** Keeps what a user's consent has granted: webhooks made with the former grant are made anew. False when there is no such auth. */
  keepGrant(accountId: string, authId: string, grant: AuthGrant, now: Date): Promise<boolean>
  /** A consent begun later takes the place of an earlier one. False when there is no such auth. */
  beginConsent(accountId: string, authId: string, consent: PendingConsent): Promise<boolean>
  /** Takes it away, so that it is used once. Undefined when none with this state is pending. */
  takeConsent(
    accountId: string,
    authId: string,
    stateHash: string,
  ): Promise<(Credential & { consent: PendingConsent }) | undefined>
}

export function createConnectorAuths(database: Database, sealer: Sealer): ConnectorAuths {
  // Bound to its row: sealed bytes copied into another row or account can't be opened there.
  const context = (accountId: string, authId: string) => `connector-auth|${accountId}|${authId}`
  const seal = (accountId: string, authId: string, secrets: Sealed) =>
    sealer.seal(stringifyJson(secrets as Json), context(accountId, authId))
  const open = (accountId: string, authId: string, sealed: Buffer) =>
    parseJson(sealer.open(sealed, context(accountId, authId)).toString()) as Sealed

  /** Opens a row, lets `change` say what shall be sealed in it, and writes that before anyone else sees the row. */
  async function changeSealed<Result>(
    tx: Transaction,
    accountId: string,
    authId: string,
    change: (auth: ConnectorAuth, sealed: Sealed) => Promise<{ sealed?: Sealed; result: Result }>,
  ): Promise<Result | undefined> {
    const { rows } = await tx.query<SealedRow>({
      text: `select ${authColumns}, secrets_sealed from connector_auth where account_id = $1 and id = $2 for update`,
      values: [accountId, authId],
      timeoutMs: renewalWaitMs,
    })
    const [row] = rows
    if (row === undefined) return undefined
    const auth = toAuth(row)
    const { sealed, result } = await change(auth, open(accountId, authId, row.secrets_sealed))
    if (sealed !== undefined) {
      await tx.query({
        text: 'update connector_auth set facts = $3, secrets_sealed = $4 where account_id = $1 and id = $2',
        values: [accountId, authId, factsText(auth, sealed), seal(accountId, authId, sealed)],
      })
    }
    return result
  }

  return {
    create: (accountId, input, secrets, now) =>
      database.transaction(async (tx) => {
        await bumpRevision(tx, accountId)
        const id = randomUUIDv7()
        const { rows } = await tx.query<Tagged<AuthRow>>({
          text: `insert into connector_auth (id, account_id, connector, name, auth_type, facts, secrets_sealed, created_at, updated_at)
                 values ($1, $2, $3, $4, $5, $6, $7, $8, $8) returning ${taggedAuthColumns}`,
          values: [
            id,
            accountId,
            input.connector,
            input.name,
            input.authType,
            factsText(input, secrets),
            seal(accountId, id, secrets),
            now,
          ],
        })
        return toTaggedAuth(rows[0]!)
      }),

    async find(accountId, authId) {
      const { rows } = await database.query<Tagged<AuthRow>>({
        text: `select ${taggedAuthColumns} from connector_auth where account_id = $1 and id = $2`,
        values: [accountId, authId],
      })
      return rows[0] && toTaggedAuth(rows[0])
    },

    async list(accountId, { connector }, { cursor, limit }) {
      const [before] = readCursor(cursor, 1)
      const { rows } = await database.query<AuthRow>({
        text: `select ${authColumns} from connector_auth
               where account_id = $1 and ($2::text is null or connector = $2) and ($3::uuid is null or id < $3)
               order by id desc limit $4`,
        values: [accountId, connector ?? null, before ?? null, limit + 1],
      })
      const items = rows.slice(0, limit).map(toAuth)
      return { items, nextCursor: rows.length > limit ? writeCursor([items.at(-1)!.id]) : null }
    },

    update: (accountId, authId, input, change, now, ifMatch) =>
      database.transaction(async (tx) => {
        await bumpRevision(tx, accountId)
        const { rows: found } = await tx.query<Tagged<Pick<SealedRow, 'auth_type' | 'facts' | 'secrets_sealed'>>>({
          text: `select auth_type, facts, secrets_sealed, ${authTag} as tag
                 from connector_auth where account_id = $1 and id = $2 for update`,
          values: [accountId, authId],
        })
        if (found[0] === undefined) return undefined
        const tags = expected(ifMatch)
        if (tags !== null && !tags.includes(found[0].tag)) throw changedMeanwhile(thing, found[0].tag)
        const { granted, consent: _, former: earlier, ...current } = open(accountId, authId, found[0].secrets_sealed)
        const changed = change(current)
        // What the vendor granted, it granted in exchange for the former secrets, and is sent to that vendor only.
        const { api_endpoint, username } = JSON.parse(found[0].facts) as AuthFacts
        const areSame = stringifyJson(changed as Json) === stringifyJson(current as Json)
        const isSame = areSame && input.apiEndpoint === api_endpoint
        const until = new Date(now.getTime() + formerSecretsMs).toISOString()
        const former = areSame ? earlier : { secrets: current, until }
        const secrets: Sealed = {
          ...changed,
          ...(isSame && granted !== undefined && { granted }),
          ...(former !== undefined && { former }),
        }
        const isSameLogin = isSame && input.username === username && input.authType === found[0].auth_type
        if (!isSameLogin) await remakeWithAuth(tx, authId, now)
        const { rows } = await tx.query<Tagged<AuthRow>>({
          text: `update connector_auth set connector = $3, name = $4, auth_type = $5, facts = $6, secrets_sealed = $7,
                   updated_at = greatest($8::timestamptz, updated_at + interval '1 microsecond'),
                   checked_at = null, check_ok = null, check_message = null
                 where account_id = $1 and id = $2 returning ${taggedAuthColumns}`,
          values: [
            accountId,
            authId,
            input.connector,
            input.name,
            input.authType,
            factsText(input, secrets),
            seal(accountId, authId, secrets),
            now,
          ],
        })
        return toTaggedAuth(rows[0]!)
      }),

    delete: (accountId, authId, ifMatch) =>
      database.transaction(async (tx) => {
        await bumpRevision(tx, accountId)
        const { count } = await tx.query({
          text: `delete from connector_auth where account_id = $1 and id = $2 and ${isBasedOn(authTag, 3)}`,
          values: [accountId, authId, expected(ifMatch)],
        })
        if (count === 0) {
          await refuseLostRace(tx, thing, {
            text: `select ${authTag} as tag from connector_auth where account_id = $1 and id = $2`,
            values: [accountId, authId],
          })
        }
        return count > 0
      }),

    usedBy: (accountId, authId) => flowsThatUse(database, accountId, 'auth', authId),

    uses: (accountId) => flowsByAuth(database, accountId),

    async noteCheck(accountId, authId, { at, ok, message }) {
      await database.query({
        text: `update connector_auth set checked_at = $3, check_ok = $4, check_message = $5 where account_id = $1 and id = $2`,
        values: [accountId, authId, at, ok, message],
      })
    },

    async open(accountId, authId) {
      const { rows } = await database.query<SealedRow>({
        name: 'connector_auth_open',
        text: `select ${authColumns}, secrets_sealed from connector_auth where account_id = $1 and id = $2`,
        values: [accountId, authId],
      })
      const [row] = rows
      return row && toCredential(toAuth(row), open(accountId, authId, row.secrets_sealed))
    },

    renewGrant: (accountId, authId, renew) =>
      database.transaction((tx) =>
        changeSealed(tx, accountId, authId, async (auth, sealed) => {
          const former = toCredential(auth, sealed)
          const granted = await renew(former)
          if (granted === undefined) return { result: former }
          return { sealed: { ...sealed, granted }, result: { ...former, grant: granted } }
        }),
      ),

    async keepGrant(accountId, authId, grant, now) {
      const kept = await database.transaction(async (tx) => {
        await remakeWithAuth(tx, authId, now)
        return changeSealed(tx, accountId, authId, async (_, sealed) => ({
          sealed: { ...sealed, granted: grant },
          result: true,
        }))
      })
      return kept ?? false
    },

    async beginConsent(accountId, authId, consent) {
      const begun = await database.transaction((tx) =>
        changeSealed(tx, accountId, authId, async (_, sealed) => ({ sealed: { ...sealed, consent }, result: true })),
      )
      return begun ?? false
    },

    takeConsent: (accountId, authId, stateHash) =>
      database.transaction((tx) =>
        changeSealed(tx, accountId, authId, async (auth, { consent, ...sealed }) => {
          if (consent?.state_hash !== stateHash) return { result: undefined }
          return { sealed, result: { ...toCredential(auth, sealed), consent } }
        }),
      ),
  }
}
