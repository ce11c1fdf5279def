import { runStatuses, runTriggers } from '../flow/run.ts'
import { readCursor, writeCursor } from './cursor.ts'
import type { Database } from './database.ts'
import { firstIdAt, lastIdAt } from './run-ids.ts'
import { type RunRow, runColumns, toSummary } from './run-row.ts'
import type { PageRequest, RunCountUpTo, RunFilter, RunPage, RunSummary } from './storage.ts'

/**
 * Lists and counts runs in a time that does not grow with their number.
 *
 * Account, flow, time, failure and the run that is repeated are read off indexes. Whatever else is asked for is looked for
 * in one stretch of runs after the other, the newest first, until the page is full or the time is up; the cursor then
 * says where to go on. An index for every filter would cost every webhook a write.
 */

/** A search that has found less than a page goes on for so long. */
const searchMs = 1_000
/** Runs in the first stretch; the next is twice as long after one that was quick. */
const firstStretch = 1_000
const quickMs = 60
/** Counting ends here: more is told as "more". */
export const maxCount = 10_000

export async function listRuns(
  database: Database,
  accountId: string,
  filter: RunFilter,
  { cursor, limit }: PageRequest,
): Promise<RunPage> {
  const [before] = readCursor(cursor, 1)
  const found: RunSummary[] = []
  const end = await search(
    conditionsOf(accountId, filter),
    before,
    async (where, values) => {
      const { rows } = await database.query<RunRow>({
        text: `select ${runColumns} from run r left join flow f on f.id = r.flow_id
             where ${where} order by r.id desc limit $${values.length + 1}`,
        values: [...values, limit + 1 - found.length],
      })
      found.push(...rows.map(toSummary))
      return found.length > limit
    },
    database,
  )
  const items = found.slice(0, limit)
  if (found.length > limit) return { items, nextCursor: writeCursor([items.at(-1)!.id]), searchedTo: null }
  if (end === null) return { items, nextCursor: null, searchedTo: null }
  return { items, nextCursor: writeCursor([end]), searchedTo: timeOfId(end) }
}

export async function countRuns(database: Database, accountId: string, filter: RunFilter): Promise<RunCountUpTo> {
  let count = 0
  const end = await search(
    conditionsOf(accountId, filter),
    undefined,
    async (where, values) => {
      const { rows } = await database.query<{ count: number }>({
        text: `select count(*) from (select from run r where ${where} limit $${values.length + 1}) found`,
        values: [...values, maxCount + 1 - count],
      })
      count += Number(rows[0]?.count)
      return count > maxCount
    },
    database,
  )
  return { count: Math.min(count, maxCount), isComplete: end === null && count <= maxCount }
}

/** SQL that chooses runs: what an index answers, and what must be looked at run by run. Places are filled in later. */
interface Conditions {
  indexed: Condition[]
  examined: Condition[]
}

interface Condition {
  sql(place: string): string
  value: unknown
}

/** Hands over one stretch of runs; true when no further one is needed. */
type Visit = (where: string, values: unknown[]) => Promise<boolean>

/** Returns the id of the last run that was looked at when the time was up; null when there is nothing left to look at. */
async function search(
  { indexed, examined }: Conditions,
  before: string | undefined,
  visit: Visit,
  database: Database,
): Promise<string | null> {
  const from = (id: string | undefined) => (id === undefined ? [] : [condition((place) => `r.id < ${place}`, id)])
  if (examined.length === 0) {
    await visit(...written([...indexed, ...from(before)]))
    return null
  }
  const began = performance.now()
  let last = before
  for (let length = firstStretch; ; ) {
    const start = performance.now()
    const stretch = [...indexed, ...from(last)]
    const floor = await idAt(database, stretch, length)
    const within = floor === undefined ? [] : [condition((place) => `r.id >= ${place}`, floor)]
    const isEnough = await visit(...written([...stretch, ...within, ...examined]))
    if (isEnough || floor === undefined) return null
    if (performance.now() - began > searchMs) return floor
    if (performance.now() - start < quickMs) length *= 2
    last = floor
  }
}

/** The run that so many are before, counted from the newest; undefined when there are fewer. */
async function idAt(database: Database, conditions: Condition[], position: number): Promise<string | undefined> {
  const [where, values] = written(conditions)
  const { rows } = await database.query<{ id: string }>({
    text: `select r.id from run r where ${where} order by r.id desc offset $${values.length + 1} limit 1`,
    values: [...values, position - 1],
  })
  return rows[0]?.id
}

function written(conditions: readonly Condition[]): [where: string, values: unknown[]] {
  return [conditions.map(({ sql }, index) => sql(`$${index + 1}`)).join(' and '), conditions.map(({ value }) => value)]
}

function condition(sql: Condition['sql'], value: unknown): Condition {
  return { sql, value }
}

function conditionsOf(accountId: string, filter: RunFilter): Conditions {
  const indexed = [condition((place) => `r.account_id = ${place}`, accountId)]
  const examined: Condition[] = []
  const { flowId, rerunOf, from, to, status, trigger, live, text } = filter
  if (flowId !== undefined) indexed.push(condition((place) => `r.flow_id = ${place}`, flowId))
  if (rerunOf !== undefined) indexed.push(condition((place) => `r.retry_of = ${place}`, rerunOf))
  // Ids begin with the time, so a range of times is a range of the index; created_at makes its edges exact.
  if (from) indexed.push(condition((place) => `r.id >= ${place}`, firstIdAt(from)))
  if (from) indexed.push(condition((place) => `r.created_at >= ${place}`, from))
  if (to) indexed.push(condition((place) => `r.id <= ${place}`, lastIdAt(to)))
  if (to) indexed.push(condition((place) => `r.created_at < ${place}`, to))
  if (status) {
    const numbers = status.map((each) => runStatuses.indexOf(each))
    // Every failed run has an error, and no other has one: the index of failed runs is enough.
    const isFailed = status.every((each) => each === 'error')
    const chosen = isFailed
      ? condition((place) => `r.error is not null and r.status = any(${place}::smallint[])`, numbers)
      : condition((place) => `r.status = any(${place}::smallint[])`, numbers)
    ;(isFailed ? indexed : examined).push(chosen)
  }
  if (trigger) examined.push(condition((place) => `r.trigger = ${place}`, runTriggers.indexOf(trigger)))
  if (live !== undefined) examined.push(condition((place) => `r.live = ${place}`, live))
  for (const pattern of searchPatterns(text)) {
    examined.push(
      condition(
        (place) => `(r.title ilike ${place} or r.error ilike ${place} or r.id::text ilike ${place} or exists (
          select from step s where s.run_id = r.id and (s.input ilike ${place} or s.output ilike ${place} or s.error ilike ${place})))`,
        pattern,
      ),
    )
  }
  return { indexed, examined }
}

/** Every word must be found; `key:value` finds a JSON member whose value begins so. */
function searchPatterns(text: string | undefined): string[] {
  return (text ?? '')
    .split(/\s+/)
    .filter((word) => word !== '')
    .slice(0, 8)
    .map((word) => {
      const member = /^([A-Za-z0-9_@#-]+):(.+)$/.exec(word)
      if (member === null) return `%${escapeLike(word)}%`
      return `%"${escapeLike(member[1]!)}":%${escapeLike(member[2]!)}%`
    })
}

function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&')
}

/** When a run with this id was made: the first 48 bits of a UUIDv7 are milliseconds (RFC 9562). */
function timeOfId(id: string): Date {
  return new Date(Number.parseInt(id.replace('-', '').slice(0, 12), 16))
}
