import { randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'

/** Memory of processes, as Linux counts and limits it. */

/** Processes that may take so much memory together; when they take more, the kernel kills one of them. */
export interface MemoryGroup {
  /** A command that runs the one after it in this group, for `StartOptions`. */
  through: readonly string[]
  /** Processes that were killed for it. */
  kills(): number
}

const mib = 1024 * 1024

/** Runs `work` with a memory cgroup of its own, beside or below the one this process is in. What runs there must have ended afterwards. */
export async function withMemoryGroup<Result>(
  limitMb: number,
  work: (group: MemoryGroup) => Promise<Result>,
): Promise<Result> {
  const { directory, killFile } = makeGroup(limitMb)
  try {
    return await work({
      through: ['sh', '-c', 'echo $$ > "$0/cgroup.procs" && exec "$@"', directory],
      kills: () => Number(/^oom_kill (\d+)$/m.exec(readFileSync(join(directory, killFile), 'utf8'))?.[1]),
    })
  } finally {
    await removeGroup(directory)
  }
}

/** Whether this process may make such groups: it takes Linux and, nearly everywhere, root. */
export function canLimitMemory(): boolean {
  try {
    rmdirSync(makeGroup(limitTried).directory)
    return true
  } catch {
    return false
  }
}

const limitTried = 512

/** By the first version of cgroups (a hierarchy for memory alone), or the second (one for everything). */
function makeGroup(limitMb: number): { directory: string; killFile: string } {
  const own = readFileSync('/proc/self/cgroup', 'utf8')
  const first = /^\d+:memory:(.+)$/m.exec(own)?.[1]
  const second = /^0::(.+)$/m.exec(own)?.[1] ?? '/'
  const name = `hookline-fault-${randomUUID()}`
  // In the second version a group that has processes can't have groups with limits below it.
  const directory =
    first === undefined ? join('/sys/fs/cgroup', dirname(second), name) : join('/sys/fs/cgroup/memory', first, name)
  mkdirSync(directory)
  try {
    const bytes = String(limitMb * mib)
    const limits =
      first === undefined
        ? { 'memory.max': bytes, 'memory.swap.max': '0' }
        : { 'memory.limit_in_bytes': bytes, 'memory.swappiness': '0' }
    for (const [file, value] of Object.entries(limits)) writeFileSync(join(directory, file), value)
  } catch (error) {
    rmdirSync(directory)
    throw error
  }
  return { directory, killFile: first === undefined ? 'memory.events' : 'memory.oom_control' }
}

/** A process that has just ended is still in its group for a moment. */
async function removeGroup(directory: string): Promise<void> {
  for (const deadline = performance.now() + 5_000; ; await pause(20)) {
    try {
      return rmdirSync(directory)
    } catch (error) {
      if (performance.now() > deadline) throw error
    }
  }
}

/** The most resident memory that a process has had since it started, or since `forgetPeak`, in MB. */
export function peakMb(pid: number): number {
  return Math.round(Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024)
}

export function forgetPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, '5')
}
