import type { Json } from '../flow/json.ts'
import { parseJson, stringifyJson } from '../flow/json.ts'

/**
 * A backup file, once uncompressed: lines of text. The first line is a header; then come sections, each a line of JSON
 * that names it, its rows as PostgreSQL's COPY writes them (one row a line, tabs between columns), and a line `\.`. The
 * last line says how many rows there were: a file without it was cut off.
 */
export interface BackupHeader {
  hookline: 'backup'
  format: 1
  /** When the snapshot was taken; everything committed before is in it. */
  taken_at: string
  /** Tells whether a secret key is the one that sealed what is in it, and nothing else of it. */
  key_check: string
  /** The schema that the rows belong to. */
  migrations: { number: number; name: string; checksum: string }[]
}

export type BackupSection =
  | { table: string; columns: string[] }
  /** What waits in the queue; columns as in `jobColumns`. */
  | { jobs: string[] }

export interface BackupEnd {
  end: true
  rows: Record<string, number>
}

/** What is wrong with a backup, or with where it is to be restored; the message says what to do. */
export class BackupError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'BackupError'
  }
}

export const rowsEnd = Buffer.from('\\.\n')
/** The end of rows after a row: a row itself has neither a bare line break nor a bare backslash. */
const rowsEndAfterLine = Buffer.from('\n\\.\n')

const newline = 10
const maxLineBytes = 64 * 1024 * 1024

export function backupLine(value: BackupHeader | BackupSection | BackupEnd): Buffer {
  return Buffer.from(`${stringifyJson(value as unknown as Json)}\n`)
}

/** Reads a backup piece by piece, whatever its size. */
export class BackupReader {
  readonly #chunks: AsyncIterator<Uint8Array>
  #buffer: Buffer = Buffer.alloc(0)

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]()
  }

  /** The header. Errors: `BackupError`, also for every other call. */
  async header(): Promise<BackupHeader> {
    const header = (await this.#line()) as Partial<BackupHeader> | null
    if (header?.hookline !== 'backup') throw new BackupError('this is no backup of Hookline')
    if (header.format !== 1) {
      throw new BackupError(`this backup has the format ${header.format}: restore it with the version that wrote it`)
    }
    return header as BackupHeader
  }

  /** The next section, or the end. The rows of the one before must have been read. */
  async next(): Promise<BackupSection | BackupEnd> {
    return (await this.#line()) as BackupSection | BackupEnd
  }

  /** The rows of a section, in pieces that need not end where rows do. */
  async *rows(): AsyncGenerator<Buffer> {
    for (let atStart = true; ; atStart = false) {
      if (atStart) {
        while (this.#buffer.length < rowsEnd.length) await this.#more()
        if (this.#buffer.subarray(0, rowsEnd.length).equals(rowsEnd)) {
          this.#buffer = this.#buffer.subarray(rowsEnd.length)
          return
        }
      }
      const end = this.#buffer.indexOf(rowsEndAfterLine)
      if (end >= 0) {
        yield this.#buffer.subarray(0, end + 1)
        this.#buffer = this.#buffer.subarray(end + rowsEndAfterLine.length)
        return
      }
      // What may be the beginning of the end is kept until more has come.
      const sure = Math.max(0, this.#buffer.length - rowsEnd.length)
      if (sure > 0) yield this.#buffer.subarray(0, sure)
      this.#buffer = this.#buffer.subarray(sure)
      await this.#more()
    }
  }

  async #line(): Promise<unknown> {
    let end = this.#buffer.indexOf(newline)
    while (end < 0) {
      if (this.#buffer.length > maxLineBytes) throw new BackupError('this is no backup of Hookline')
      await this.#more()
      end = this.#buffer.indexOf(newline)
    }
    const line = this.#buffer.subarray(0, end).toString()
    this.#buffer = this.#buffer.subarray(end + 1)
    try {
      return parseJson(line)
    } catch {
      throw new BackupError('this is no backup of Hookline')
    }
  }

  async #more(): Promise<void> {
    const { done, value } = await this.#chunks.next()
    if (done) throw new BackupError('the backup is cut off: its end is missing')
    this.#buffer = this.#buffer.length === 0 ? Buffer.from(value) : Buffer.concat([this.#buffer, value])
  }
}
