import { randomUUIDv7 } from 'node:crypto'
import type pg from 'pg'
import {
  bigintegers,
  booleans,
  byteStrings,
  integers,
  smallints,
  texts,
  timestamps,
  uuids,
} from '../../src/storage/column.ts'

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
 * For each payload all the rows that a run leaves behind: those of a run that has been, sent once more under a new id and with
 * this payload, into tables and indexes like Hookline's own.
 */
export async function insertRecords(client: pg.Client, sampleRunId: string): Promise<GroupCommit> {
  const run = await copyOf(client, 'run', 'id', sampleRunId)
  const step = await copyOf(client, 'step', 'run_id', sampleRunId)
  const text = `with r as (${run.insert(1)}) ${step.insert(1 + run.width)}`
  return groupCommit((payloads) => {
    const fresh = payloads.map((payload) => ({ id: randomUUIDv7(), payload }))
    return client.query({ name: 'bench', text, values: [...run.columns(fresh), ...step.columns(fresh)] })
  })
}

interface Fresh {
  id: string
  payload: string
}

/** An empty copy of a table, and how rows like the sample's are inserted into it. */
async function copyOf(client: pg.Client, table: string, key: string, sampleRunId: string) {
  await client.query(`drop table if exists bench_${table}`)
  await client.query(`create table bench_${table} (like ${table} including all)`)
  const { rows: columns } = await client.query<{ name: string; type: keyof typeof columnOf }>(
    `select column_name as name, udt_name as type from information_schema.columns
     where table_name = $1 and is_generated = 'NEVER' order by ordinal_position`,
    [`bench_${table}`],
  )
  const { rows: samples } = await client.query<Record<string, never>>(
    `select * from ${table} where ${key} = $1 order by 1, 2`,
    [sampleRunId],
  )
  return {
    width: columns.length,
    /** `first`: the number of its first parameter. */
    insert(first: number): string {
      const parameters = columns.map(({ type }, index) => `$${first + index}::${type}[]`)
      return `insert into bench_${table} (${columns.map(({ name }) => name)}) select * from unnest(${parameters})`
    },
    columns: (fresh: readonly Fresh[]) =>
      columns.map(({ name, type }) => {
        const values = fresh.flatMap(({ id, payload }) =>
          samples.map((sample) => {
            if (name === key) return id
            return name === 'input' && sample.seq === 0 ? payload : sample[name]
          }),
        )
        return columnOf[type](values as never[])
      }),
  }
}

/** By the names of PostgreSQL's types. */
const columnOf = {
  bool: booleans,
  bytea: byteStrings,
  int2: smallints,
  int4: integers,
  int8: bigintegers,
  text: texts,
  timestamptz: timestamps,
  uuid: uuids,
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
