import { totalmem } from 'node:os'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

/** What this process may have of memory, and how it gets along with that. */
export interface Memory {
  /** What of the limits on large bodies, answers and runs at a time may be used here: 1, or less where there are less than 2 GiB. */
  share: number
  /**
   * To be told of each large value that is about to come, in bytes: where the process has taken half of its memory, garbage
   * is collected first. V8 does not look at the limit for what lies outside of its heap, as bodies on their way do: it lets
   * up to 100 MB of them pile up, and its heap grow meanwhile.
   */
  makeReady(bytes: number): void
}

/** With so much, the limits are what they say. */
const plentyBytes = 2 * 1024 * 1024 * 1024
/** Collecting takes some 50 ms; a value of this size takes several times as long. */
const collectedPerBytes = 8 * 1024 * 1024

/** `limitBytes`: what the machine, or a limit of its container, leaves this process. */
export function createMemory(limitBytes = Math.min(totalmem(), process.constrainedMemory() || totalmem())): Memory {
  let collect: (() => void) | undefined
  let comeBytes = 0
  return {
    share: Math.min(1, limitBytes / plentyBytes),
    makeReady(bytes) {
      comeBytes += bytes
      if (comeBytes < collectedPerBytes || process.memoryUsage.rss() < limitBytes / 2) return
      comeBytes = 0
      collect ??= collector()
      collect()
    },
  }
}

/** V8's own function, which only contexts have that are made after this. */
function collector(): () => void {
  setFlagsFromString('--expose-gc')
  return runInNewContext('gc') as () => void
}
