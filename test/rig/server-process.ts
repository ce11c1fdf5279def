import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

/** The product in a process of its own, on an embedded database in a fresh directory, as `npm start` runs it. */
export interface ServerProcess {
  url: string
  token: string
  process: ChildProcess
  dataDir: string
  /** Resident memory of the Node process in MB. */
  memoryMb(): Promise<number>
  api(method: string, path: string, body?: unknown): Promise<{ status: number; body: never }>
  stop(): Promise<void>
}

const root = join(import.meta.dirname, '../..')

export async function startServer(env: Record<string, string> = {}): Promise<ServerProcess> {
  const dataDir = env.HOOKLINE_DATA_DIR ?? (await mkdtemp(join(tmpdir(), 'hookline-process-')))
  const settings = {
    ...process.env,
    HOOKLINE_DATA_DIR: dataDir,
    HOOKLINE_PORT: '0',
    HOOKLINE_LOG_LEVEL: 'error',
    ...env,
  }
  const child = spawn(process.execPath, [join(root, 'src/main.ts'), 'start'], {
    env: settings,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const url = await addressOf(child)
  const token = await command(['token', 'create', '--scope', 'automation', '--note', 'test'], settings)
  return {
    url,
    token,
    process: child,
    dataDir,
    memoryMb: async () => {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8')
      return Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024)
    },
    async api(method, path, body) {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      })
      const text = await response.text()
      return { status: response.status, body: text === '' ? null : JSON.parse(text) } as never
    },
    async stop() {
      child.kill('SIGTERM')
      await new Promise((resolve) => child.once('exit', resolve))
      if (env.HOOKLINE_DATA_DIR === undefined) await rm(dataDir, { recursive: true, force: true })
    },
  }
}

/** The address the server prints once it can take requests. */
async function addressOf(child: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: child.stdout! })) {
    const found = /https?:\/\/[\w.:[\]-]+/.exec(line)
    if (found) {
      child.stdout!.resume()
      return found[0]
    }
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
