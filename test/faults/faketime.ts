import { renameSync, writeFileSync } from 'node:fs'
import { faketimeLibrary } from './needs.ts'

/** A wall clock that a test moves while processes live by it; how long things take is not touched. */
export interface FakeClock {
  /** Of the processes that live by it. */
  env: Record<string, string>
  /** Moves it, as libfaketime writes it: `+1h`, `-365d`, `+0`. */
  set(offset: string): void
}

/** `file` must be in a directory that all of them may enter. */
export function fakeClock(file: string): FakeClock {
  const set = (offset: string) => {
    // As a whole: it is read all the time.
    writeFileSync(`${file}.new`, `${offset}\n`, { mode: 0o644 })
    renameSync(`${file}.new`, file)
  }
  set('+0')
  return {
    env: {
      LD_PRELOAD: faketimeLibrary,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    },
    set,
  }
}
