import { randomUUIDv7 } from 'node:crypto'
import type pg from 'pg'

/** What the ceilings write: as durably as Hookline does, and all that came meanwhile in one commit. */

export interface GroupCommit {
  /** Resolves once what stands for this payload is on disk. */
  add(payload: string): Promise<void>
}

/** One row for each payload, of nothing but the payload. */
export async function insertPayloads(client: pg.Client): Promise<GroupCommit> {
  await client.query('drop table if exists bench_insert')
  await client.query(
    'create table bench_insert (id bigint generated always as identity primary key, payload text not null)',
  )
  return groupCommit((payloads) =>
    client.query({
      name: 'bench',
      text: 'insert into bench_insert (payload) select unnest($1::text[])',
      values: [payloads],
    }),
  )
}

/**
 * For each payload all the rows that a run leaves behind: those of a run that has been, copied within the database under a
 * new id and with this payload, in tables and indexes like Hookline's own.
 */
export async function insertRecords(client: pg.Client, sampleRunId: string): Promise<GroupCommit> {
  const copied: string[] = []
  for (const [table, varying] of [
    ['run', { id: 'fresh.id' }],
    ['step', { run_id: 'fresh.id', input: 'case when seq = 0 then fresh.payload else sample.input end' }],
  ] as const) {
    await client.query(`drop table if exists bench_${table}`)
    await client.query(`create table bench_${table} (like ${table} including all)`)
    const { rows } = await client.query<{ name: string }>(
      `select column_name as name from information_schema.columns where table_name = $1 and is_generated = 'NEVER'`,
      [`bench_${table}`],
    )
    const names = rows.map(({ name }) => name)
    const values = names.map((name) => (Object.hasOwn(varying, name) ? varying[name as never] : `sample.${name}`))
    const key = table === 'run' ? 'id' : 'run_id'
    copied.push(
      `insert into bench_${table} (${names}) select ${values} from fresh, ${table} sample where sample.${key} = $3`,
    )
  }
  const text = `with fresh as (select * from unnest($1::uuid[], $2::text[]) as t(id, payload)), r as (${copied[0]}) ${copied[1]}`
  return groupCommit((payloads) =>
    client.query({
      name: 'bench',
      text,
      values: [payloads.map(() => randomUUIDv7()), payloads, sampleRunId],
    }),
  )
}

function groupCommit(write: (payloads: string[]) => Promise<unknown>): GroupCommit {
  let waiting: { payload: string; done(): void; failed(error: unknown): void }[] = []
  let writing = false
  const writeAll = async () => {
    while (waiting.length > 0) {
      const batch = waiting
      waiting = []
      try {
        await write(batch.map(({ payload }) => payload))
        for (const { done } of batch) done()
      } catch (error) {
        for (const { failed } of batch) failed(error)
      }
      await new Promise((resolve) => setImmediate(resolve))
    }
    writing = false
  }
  return {
    add: (payload) =>
      new Promise((done, failed) => {
        waiting.push({ payload, done, failed })
        if (!writing) setImmediate(writeAll)
        writing = true
      }),
  }
}
