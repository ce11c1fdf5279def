import { z } from 'zod'
import type { Json } from '../flow/json.ts'

/** The pieces that the nouns' JSON is made of. */

/** Any JSON value, every digit kept. */
export const json = z.custom<Json>((value) => value !== undefined, 'is required').describe('Any JSON value')

export const timestamp = z.iso.datetime({ offset: true })

/** Whole numbers of clients that write them as `30.0` are whole numbers, too. */
export function wholeNumber(least: number, most: number) {
  return z.preprocess(
    (value) => (value instanceof Number ? value.valueOf() : value),
    z.number().int().min(least).max(most),
  )
}

/** As `wholeNumber`, in a query. */
export function wholeNumberText(least: number, most: number) {
  return z
    .string()
    .regex(/^\d{1,9}$/, 'must be a whole number')
    .transform(Number)
    .pipe(z.number().min(least).max(most))
}

/** A moment in a query: a date, or a date and time. */
export const moment = z
  .union([timestamp, z.iso.date()], 'must be a date or a date and time, such as 2026-05-01T12:00:00Z')
  .transform((text) => new Date(text))

export const yesOrNo = z.enum(['true', 'false']).transform((word) => word === 'true')

export const defaultPageSize = 50
export const maxPageSize = 200

/** Of every list. */
export const pageQuery = {
  limit: wholeNumberText(1, maxPageSize)
    .prefault(String(defaultPageSize))
    .describe(`At most so many items, 1 to ${maxPageSize}`),
  cursor: z.string().max(1_000).optional().describe('next_cursor of the page before'),
}

export function pageOf<Item extends z.ZodType>(item: Item) {
  return z.object({ data: z.array(item), next_cursor: z.string().nullable() })
}

export const byId = z.object({ id: z.uuid() })

/** A moment as JSON. */
export function instant(time: Date): string
export function instant(time: Date | null): string | null
export function instant(time: Date | null): string | null {
  return time === null ? null : time.toISOString()
}
