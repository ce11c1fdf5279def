import * as quickjsModule from '@jitl/quickjs-wasmfile-release-sync'
import {
  newQuickJSWASMModuleFromVariant,
  newVariant,
  type QuickJSContext,
  type QuickJSHandle,
  type QuickJSSyncVariant,
  shouldInterruptAfterDeadline,
} from 'quickjs-emscripten-core'

/** What the process that runs a code step is told, on its standard input. */
export interface CodeOrder {
  code: string
  /** JSON. */
  input: string
  timeoutMs: number
}

/** What it says, on its standard output. */
export type CodeReply = { output: string } | { kind: 'code_failed' | 'limit' | 'timeout'; message: string }

/** The package's types describe it as CommonJS, where it would stand one level deeper. */
const variant = quickjsModule.default as unknown as QuickJSSyncVariant

/** Of the language, but declared with the browser's types only. */
declare namespace WebAssembly {
  class Memory {
    constructor(size: { initial: number; maximum: number })
    readonly buffer: ArrayBuffer
    grow(by: number): number
  }
}

const pageBytes = 64 * 1024
/** All that the code and the interpreter may have. QuickJS's own limit alone does not hold: the memory is made no larger. */
const memoryBytes = 64 * 1024 * 1024
const stackBytes = 256 * 1024

/** Reads one order and answers it. Runs in a process of its own, which `code.ts` starts and ends. */
export async function serveCode(): Promise<void> {
  const chunks: Buffer[] = []
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer)
  const order = JSON.parse(Buffer.concat(chunks).toString()) as CodeOrder
  process.stdout.write(JSON.stringify(await runGuest(order)))
}

async function runGuest({ code, input, timeoutMs }: CodeOrder): Promise<CodeReply> {
  const wasmMemory = new WebAssembly.Memory({
    initial: (16 * 1024 * 1024) / pageBytes,
    maximum: memoryBytes / pageBytes,
  })
  const quickjs = await newQuickJSWASMModuleFromVariant(newVariant(variant, { wasmMemory }))
  const runtime = quickjs.newRuntime()
  const isOver = shouldInterruptAfterDeadline(Date.now() + timeoutMs)
  let isLate = false
  runtime.setInterruptHandler((each) => {
    isLate ||= isOver(each) === true
    return isLate
  })
  runtime.setMaxStackSize(stackBytes)
  const vm = runtime.newContext()
  const [parse, stringify] = [
    vm.unwrapResult(vm.evalCode('JSON.parse')),
    vm.unwrapResult(vm.evalCode('JSON.stringify')),
  ]
  const given = vm.unwrapResult(vm.callFunction(parse, vm.undefined, vm.newString(input)))
  const failed = (error: QuickJSHandle): CodeReply =>
    isLate ? { kind: 'timeout', message: `the code took longer than ${timeoutMs / 1000} s` } : described(vm, error)

  const made = vm.evalCode(`(async function (input) {${code}\n})`, 'code')
  if (made.error) return failed(made.error)
  const promise = vm.callFunction(made.value, vm.undefined, given)
  if (promise.error) return failed(promise.error)
  const jobs = runtime.executePendingJobs()
  if (jobs.error) return failed(jobs.error)
  const state = vm.getPromiseState(promise.value)
  if (state.type === 'rejected') return failed(state.error)
  if (state.type === 'pending')
    return {
      kind: 'code_failed',
      message: 'the code waits for something that never comes: there are no timers and no network',
    }
  const text = vm.callFunction(stringify, vm.undefined, state.value)
  if (text.error) return failed(text.error)
  return { output: vm.typeof(text.value) === 'string' ? vm.getString(text.value) : 'null' }
}

/** In the words of the code, with the place in it. */
function described(vm: QuickJSContext, error: QuickJSHandle): CodeReply {
  const thrown: unknown = vm.dump(error)
  if (typeof thrown !== 'object' || thrown === null)
    return { kind: 'code_failed', message: `the code threw ${String(thrown)}` }
  const { name = 'Error', message = '', stack = '' } = thrown as { name?: string; message?: string; stack?: string }
  if (name === 'InternalError' && message === 'out of memory')
    return { kind: 'limit', message: `the code needed more than ${memoryBytes / 1024 / 1024} MB of memory` }
  const line = /code:(\d+)/.exec(stack)?.[1]
  return { kind: 'code_failed', message: `${name}: ${message}${line === undefined ? '' : ` (line ${line})`}` }
}
