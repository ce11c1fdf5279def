import type { Database } from './database.ts'

/** A time in which no process took webhooks. */
export interface Outage {
  since: Date
  until: Date
}

/** When processes took webhooks, and when none did: what vendors sent then is asked for again. */
export interface Outages {
  /**
   * This process takes webhooks now. Returns the outage that has ended with it, if nobody had said so for longer than
   * `longestMs`; of several processes that come up together, one gets it.
   */
  beat(now: Date, longestMs: number): Promise<Outage | undefined>
  /** Those that ended after a time, in order. */
  list(after: Date): Promise<Outage[]>
}

/** Older ones can't be made up for any more. */
const keptDays = 30

export function createOutages(database: Database): Outages {
  return {
    beat: (now, longestMs) =>
      database.transaction(async (tx) => {
        const { rows } = await tx.query<{ alive_at: Date }>({
          text: `insert into edge_watch (alive_at) values ($1) on conflict (one) do update set alive_at = edge_watch.alive_at
                 returning alive_at`,
          values: [now],
        })
        const since = rows[0]!.alive_at
        await tx.query({ text: 'update edge_watch set alive_at = greatest(alive_at, $1)', values: [now] })
        if (now.getTime() - since.getTime() <= longestMs) return undefined
        await tx.query({ text: 'insert into edge_outage (since, until) values ($1, $2)', values: [since, now] })
        await tx.query({
          text: `delete from edge_outage where until < $1::timestamptz - interval '${keptDays} days'`,
          values: [now],
        })
        return { since, until: now }
      }),

    async list(after) {
      const { rows } = await database.query<Outage & Record<string, unknown>>({
        name: 'edge_outages',
        text: 'select since, until from edge_outage where until > $1 order by until',
        values: [after],
      })
      return rows.map(({ since, until }) => ({ since, until }))
    },
  }
}
