import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** A call of fsync or fdatasync by the database. */
export interface Flush {
  /** When it returned, in ms of the wall clock. */
  doneAt: number
  /** Whether the disk has what was written, as far as the caller knows. */
  isDone: boolean
}

export interface FlushTrace {
  /** Lets the processes go and tells what they have called. */
  stop(): Promise<Flush[]>
}

/**
 * Watches with strace how processes, and those they fork, flush to the disk. `failEvery`: every so many flushes of a
 * process fails with EIO without being done, as they do on a broken disk.
 */
export async function traceFlushes(pids: readonly number[], failEvery?: number): Promise<FlushTrace> {
  const directory = await mkdtemp(join(tmpdir(), 'hookline-trace-'))
  const output = join(directory, 'calls')
  const inject = failEvery === undefined ? [] : ['-e', `inject=fdatasync:error=EIO:when=${failEvery}+${failEvery}`]
  const args = ['-f', '-ttt', '-T', '-e', 'trace=fsync,fdatasync', ...inject, '-o', output]
  const strace = spawn('strace', [...args, ...pids.flatMap((pid) => ['-p', String(pid)])], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = new Promise((resolve) => strace.once('exit', resolve))
  await allAttached(strace.stderr, pids.length)
  return {
    async stop() {
      strace.kill('SIGINT')
      await ended
      const text = await readFile(output, 'utf8')
      await rm(directory, { recursive: true, force: true })
      return text.split('\n').flatMap(readCall)
    },
  }
}

async function allAttached(stderr: NodeJS.ReadableStream, count: number): Promise<void> {
  let attached = 0
  for await (const line of createInterface({ input: stderr })) {
    if (/ attached/.test(line)) attached += 1
    if (attached === count) {
      // It tells of every process that is forked; what nobody reads would stop it.
      stderr.resume()
      return
    }
  }
  throw new Error('strace can not watch the database: is another one watching it?')
}

/** `123 1795322051.748000 fdatasync(5) = 0 <0.000312>`; a call that another one came between ends in a line of its own. */
function readCall(line: string): Flush[] {
  const call = /^\d+\s+([\d.]+) (<\.\.\. )?f(?:data)?sync.*\)\s+= (-?\d+).*<([\d.]+)>$/.exec(line)
  if (call === null) return []
  const [, time, isResumed, result, seconds] = call
  const doneAt = Number(time) * 1000 + (isResumed ? 0 : Number(seconds) * 1000)
  return [{ doneAt, isDone: result === '0' }]
}

/** The answers in whose time nothing was flushed: those that were given too early. Of requests sent one after the other. */
export function answeredTooEarly(answers: readonly { from: number; to: number }[], flushes: readonly Flush[]): number {
  const done = flushes.filter(({ isDone }) => isDone).map(({ doneAt }) => doneAt)
  return answers.filter(({ from, to }) => !done.some((at) => at >= from && at <= to)).length
}
