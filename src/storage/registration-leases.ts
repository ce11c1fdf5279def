import type { Database, Transaction } from './database.ts'

/** Whoever works on a flow's webhooks holds this; another process can take it once `until` has passed. */
export interface Lease {
  key: string
  owner: string
}

/** The lease was lost: someone else works on this now, and what is still under way here must not be written. */
export class LeaseLost extends Error {
  constructor(key: string) {
    super(`another process looks after ${key} now`)
    this.name = 'LeaseLost'
  }
}

export interface RegistrationLeases {
  acquire(lease: Lease, now: Date, until: Date): Promise<boolean>
  renew(leases: readonly Lease[], until: Date): Promise<boolean>
  release(leases: readonly Lease[]): Promise<void>
}

export function createRegistrationLeases(database: Database): RegistrationLeases {
  return {
    async acquire({ key, owner }, now, until) {
      const { count } = await database.query({
        name: 'registration_acquire',
        text: `insert into registration_lease (key, owner, until) values ($1, $2, $4)
               on conflict (key) do update set owner = excluded.owner, until = excluded.until
               where registration_lease.until <= $3`,
        values: [key, owner, now, until],
      })
      return count > 0
    },

    async renew(leases, until) {
      const { count } = await database.query({
        name: 'registration_renew',
        text: `update registration_lease l set until = $3 from unnest($1::text[], $2::uuid[]) as t(key, owner)
               where l.key = t.key and l.owner = t.owner`,
        values: [leases.map(({ key }) => key), leases.map(({ owner }) => owner), until],
      })
      return count === leases.length
    },

    async release(leases) {
      await database.query({
        name: 'registration_release',
        text: `delete from registration_lease l using unnest($1::text[], $2::uuid[]) as t(key, owner)
               where l.key = t.key and l.owner = t.owner`,
        values: [leases.map(({ key }) => key), leases.map(({ owner }) => owner)],
      })
    },
  }
}

/** Locks the lease for the rest of the transaction, so that nobody takes it before the commit. */
export async function holdLease(tx: Transaction, { key, owner }: Lease): Promise<void> {
  const { rows } = await tx.query({
    name: 'registration_hold',
    text: 'select from registration_lease where key = $1 and owner = $2 for share',
    values: [key, owner],
  })
  if (rows.length === 0) throw new LeaseLost(key)
}
