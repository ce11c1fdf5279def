import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** The product in a process of its own, as `npm start` runs it. */
export interface ProductProcess {
  process: ChildProcess
  dataDir: string
  /** Resident memory of the Node process in MB. */
  memoryMb(): Promise<number>
  /** Sends a signal and waits for the end; resolves at once when it has ended already. */
  end(signal: NodeJS.Signals): Promise<void>
  /** Ends it as a service manager does, and removes the data directory that was made for it. */
  stop(): Promise<void>
}

/** A process that takes requests. */
export interface ServerProcess extends ProductProcess {
  url: string
  token: string
  api(method: string, path: string, body?: unknown): Promise<{ status: number; body: never }>
}

export interface StartOptions {
  /** A personal access token that the database knows; without it one is made. */
  token?: string
  /** A command that runs the one after it, such as `ip netns exec name`. */
  through?: readonly string[]
}

const root = join(import.meta.dirname, '../..')

/** Starts a process that takes requests, by default on an embedded database in a fresh directory. */
export async function startServer(
  env: Record<string, string> = {},
  options: StartOptions = {},
): Promise<ServerProcess> {
  const { settings, launched, firstLine } = await launch(env, options)
  const url = /https?:\/\/[\w.:[\]-]+/.exec(firstLine)?.[0]
  if (url === undefined) throw new Error(`the server did not say where it is, but "${firstLine}"`)
  const token =
    options.token ?? (await command(['token', 'create', '--scope', 'automation', '--note', 'test'], settings))
  return {
    ...launched,
    url,
    token,
    async api(method, path, body) {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const text = await response.text()
      return { status: response.status, body: text === '' ? null : JSON.parse(text) } as never
    },
  }
}

/** Starts a process that only works on runs. */
export async function startWorker(env: Record<string, string>, options: StartOptions = {}): Promise<ProductProcess> {
  return (await launch({ ...env, HOOKLINE_ROLE: 'worker' }, options)).launched
}

async function launch(env: Record<string, string>, { through = [] }: StartOptions) {
  const dataDir = env.HOOKLINE_DATA_DIR ?? (await mkdtemp(join(tmpdir(), 'hookline-process-')))
  const settings = {
    ...process.env,
    HOOKLINE_DATA_DIR: dataDir,
    HOOKLINE_PORT: '0',
    HOOKLINE_LOG_LEVEL: 'error',
    ...env,
  }
  const [program = '', ...args] = [...through, process.execPath, join(root, 'src/main.ts'), 'start']
  const child = spawn(program, args, { env: settings, stdio: ['ignore', 'pipe', 'inherit'] })
  const firstLine = await readyLine(child)
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = new Promise((resolve) => child.once('exit', resolve))
    child.kill(signal)
    await ended
  }
  const launched: ProductProcess = {
    process: child,
    dataDir,
    memoryMb: async () => {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8')
      return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024)
    },
    end,
    async stop() {
      await end('SIGTERM')
      if (env.HOOKLINE_DATA_DIR === undefined) await rm(dataDir, { recursive: true, force: true })
    },
  }
  return { settings, launched, firstLine }
}

/** What the product prints once it is ready. */
async function readyLine(child: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: child.stdout! })) {
    if (!line.startsWith('Hookline is ')) continue
    child.stdout!.resume()
    return line
  }
  throw new Error('the server ended before it was ready')
}

/** What a command of the product prints. */
export async function command(args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  const child = spawn(process.execPath, [join(root, 'src/main.ts'), ...args], {
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let output = ''
  for await (const chunk of child.stdout) output += chunk
  return output.trim()
}
