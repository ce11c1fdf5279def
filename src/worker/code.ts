import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { StepError } from '../engine/step-error.ts'
import type { CodeCall } from '../engine/step-kind.ts'
import { type Json, parseJson, stringifyJson } from '../flow/json.ts'
import type { CodeOrder, CodeReply } from './code-guest.ts'

/** Processes for code at the same time; others wait for their turn. */
const mostAtOnce = 4
/** What starting a process and the interpreter in it may take, beside the code's own time. */
const startMs = 10_000
const maxBytes = 5 * 1024 * 1024

export type RunCode = (accountId: string, call: CodeCall, signal: AbortSignal) => Promise<Json>

/**
 * Runs JavaScript that users wrote, where it can reach nothing: in QuickJS as WebAssembly with bounded memory, inside a
 * process of its own without environment, files (but for the interpreter's), network, processes or threads, which is killed
 * when the time is over. Nothing of one step is there for the next one.
 *
 * Errors: `StepError` of kind `code_failed`, `timeout`, `limit` or `too_large`; the signal's reason when it is aborted.
 */
export function createCodeRunner(): RunCode {
  const turns = createCodeTurns()
  return async (accountId, call, signal) => {
    await turns.enter(accountId)
    try {
      signal.throwIfAborted()
      return await runCode(call, signal)
    } finally {
      turns.leave(accountId)
    }
  }
}

/** Who waits comes in when its account has the fewest places: one that has much to do does not keep the others from theirs. */
export function createCodeTurns(places = mostAtOnce) {
  const active = new Map<string, number>()
  const waiting: { accountId: string; enter: () => void }[] = []
  let free = places
  const take = (accountId: string, by: number) => {
    const count = (active.get(accountId) ?? 0) + by
    if (count === 0) active.delete(accountId)
    else active.set(accountId, count)
  }
  return {
    async enter(accountId: string): Promise<void> {
      if (free === 0) return new Promise((enter) => waiting.push({ accountId, enter }))
      free -= 1
      take(accountId, 1)
    },
    leave(accountId: string): void {
      take(accountId, -1)
      const fewest = Math.min(...waiting.map((each) => active.get(each.accountId) ?? 0))
      const place = waiting.findIndex((each) => (active.get(each.accountId) ?? 0) === fewest)
      const [next] = place === -1 ? [] : waiting.splice(place, 1)
      if (next === undefined) {
        free += 1
        return
      }
      take(next.accountId, 1)
      next.enter()
    },
  }
}

async function runCode({ code, input, timeoutMs }: CodeCall, signal: AbortSignal): Promise<Json> {
  const order = { code, input: stringifyJson(input), timeoutMs } satisfies CodeOrder
  if (order.input.length + code.length > maxBytes) throw tooLarge('input')
  const said = await askGuest(JSON.stringify(order), timeoutMs + startMs, signal)
  if (said === '') throw new StepError('limit', 'the code was ended: it needed more time or memory than it may')
  const reply = JSON.parse(said) as CodeReply
  if ('kind' in reply) throw new StepError(reply.kind, reply.message)
  return parseJson(reply.output)
}

/** What the guest says in all; nothing when it did not come to an answer. */
function askGuest(order: string, timeoutMs: number, signal: AbortSignal): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const guest = spawn(process.execPath, guestArguments, {
    stdio: ['pipe', 'pipe', 'ignore'],
    env: {},
    signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    killSignal: 'SIGKILL',
  })
  const chunks: Buffer[] = []
  let bytes = 0
  guest.stdout.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    chunks.push(chunk)
    if (bytes <= 2 * maxBytes) return
    guest.kill('SIGKILL')
    reject(tooLarge('output'))
  })
  // It may end before it has read its order; what became of it is told by its end.
  guest.stdin.on('error', () => undefined)
  guest.on('error', (error) => {
    if (signal.aborted) reject(signal.reason)
    else if (error.name === 'AbortError') resolve('')
    else reject(error)
  })
  guest.on('close', (code) => resolve(code === 0 ? Buffer.concat(chunks).toString() : ''))
  guest.stdin.end(order)
  return promise
}

function tooLarge(what: string): StepError {
  return new StepError('too_large', `the code's ${what} is larger than ${maxBytes / 1024 / 1024} MB`)
}

const guestModule = new URL('./code-guest.ts', import.meta.url)
const readable = [
  guestModule,
  new URL('../../package.json', import.meta.url),
  new URL('../../node_modules/quickjs-emscripten-core/', import.meta.url),
  new URL('../../node_modules/@jitl/', import.meta.url),
]
const guestArguments = [
  '--permission',
  ...readable.map((each) => `--allow-fs-read=${fileURLToPath(each)}`),
  '--max-old-space-size=96',
  '--input-type=module',
  `--eval=import { serveCode } from ${JSON.stringify(guestModule.href)}; await serveCode()`,
]
