import { AppError } from '../errors.ts'

/** Cursors of lists: the sort key of the last row, opaque to clients. */

export function writeCursor(parts: readonly string[]): string {
  return Buffer.from(JSON.stringify(parts)).toString('base64url')
}

/** Errors: `invalid_request` for anything `writeCursor` did not write. */
export function readCursor(cursor: string | undefined, length: number): string[] {
  if (cursor === undefined || cursor === '') return []
  try {
    const parts: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString())
    if (Array.isArray(parts) && parts.length === length && parts.every((part) => typeof part === 'string')) return parts
  } catch (cause) {
    throw wrongCursor(cause)
  }
  throw wrongCursor()
}

function wrongCursor(cause?: unknown): AppError {
  return new AppError('invalid_request', 'cursor: take it from next_cursor of the page before', { cause })
}
