import { AppError } from '../errors.ts'
import type { Queryable, Statement } from './database.ts'

/**
 * Which state of a thing a write is based on: the tags of the states it may be in, `*` for any state as long as it is
 * there, `undefined` where the writer does not care. The statement that writes decides, so that of several writers with
 * the same tag one wins.
 */
export type IfMatch = readonly string[] | '*' | undefined

/** A thing with the tag of the state it was read in. Lists carry none: whoever changes a thing has read the thing. */
export type Tagged<Thing> = Thing & { tag: string }

/**
 * The tag of a row, in SQL: a digest of what people change in it, given as columns or expressions whose text does not
 * depend on the session (`epoch` for times). What changes by itself, such as a renewed grant, must not be among them: it
 * outdates nobody's edit. The digest needs neither a counter nor a clock, and two states with one tag are the same.
 */
export function tagOf(...columns: readonly string[]): string {
  return `left(encode(sha256(convert_to(row(${columns.join(', ')})::text, 'UTF8')), 'hex'), 24)`
}

/** A time for `tagOf`, with all of its microseconds. */
export function epoch(column: string): string {
  return `extract(epoch from ${column})`
}

/** Part of a statement's `where`: it changes only a row in one of the states that `expected` gives for the parameter. */
export function isBasedOn(tag: string, parameter: number): string {
  return `($${parameter}::text[] is null or ${tag} = any($${parameter}))`
}

export function expected(ifMatch: IfMatch): readonly string[] | null {
  return ifMatch === undefined || ifMatch === '*' ? null : ifMatch
}

/**
 * To be asked by a write that changed no row, within its transaction; `find` selects the row's `tag`. Returns when there
 * is no row at all. Errors: `conflict` when there is one, which then is in another state.
 */
export async function refuseLostRace(tx: Queryable, thing: string, find: Statement): Promise<void> {
  const { rows } = await tx.query<{ tag: string }>(find)
  if (rows[0] !== undefined) throw changedMeanwhile(thing, rows[0].tag)
}

/** `data.etag` is the state it is in now; null when it has been deleted. */
export function changedMeanwhile(thing: string, tag: string | null): AppError {
  const message =
    tag === null
      ? `${thing} was deleted meanwhile: to make it anew, send this again without If-Match`
      : `${thing} was changed meanwhile: get it again, make the change on what it is now and send its new ETag as If-Match`
  return new AppError('conflict', message, { data: { etag: tag === null ? null : `"${tag}"` } })
}
