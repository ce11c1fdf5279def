import { randomUUID } from 'node:crypto'
import { appendFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ServerProcess, startServer } from '../rig/server-process.ts'

/**
 * F1: `kill -9` of the server at random moments under load. Whatever was answered with a run id must have run to its
 * end, nothing twice to success, and nothing that was never sent.
 */
export interface KillReport {
  kills: number
  sent: number
  accepted: number
  lost: number
  phantoms: number
  repeated: number
  unfinished: number
  slowestReadyMs: number
}

interface Ledger {
  sent: Set<string>
  accepted: Map<string, string>
}

const webhook = (async: boolean) => ({
  name: async ? 'asynchronous' : 'synchronous',
  status: 'live',
  steps: [
    {
      ref: 'web1',
      connector: 'webhook',
      action: 'webhook',
      input: { async, response: { status_code: '200', body: '{{ web1.id }}', headers: {} } },
    },
    { ref: 'res1', connector: 'dict', action: 'set', input: { value: '{{ web1.id }}' } },
    { ref: 'res2', connector: 'dict', action: 'set', input: { value: '{{ res1.value }}' } },
  ],
  arrows: [
    { from: 'web1', to: 'res1' },
    { from: 'res1', to: 'res2' },
  ],
})

/** Runs the test: so many kills, each after a random part of `seconds` at `rate` requests a second. */
export async function killUnderLoad(kills: number, seconds: number, rate: number): Promise<KillReport> {
  const dataDir = await mkdtemp(join(tmpdir(), 'hookline-kill-'))
  const env = { HOOKLINE_DATA_DIR: dataDir, HOOKLINE_SECRET_KEY: 'a secret key for the kill test, long enough' }
  const ledger: Ledger = { sent: new Set(), accepted: new Map() }
  let slowestReadyMs = 0
  let server = await startServer(env)
  try {
    const targets = await Promise.all([makeTarget(server, true), makeTarget(server, false)])
    for (let kill = 0; kill < kills; kill++) {
      const load = new AbortController()
      const sending = sendLoad(server.url, targets, rate, ledger, load.signal)
      await pause(300 + Math.random() * seconds * 1000)
      server.process.kill('SIGKILL')
      await new Promise((resolve) => server.process.once('exit', resolve))
      load.abort()
      await sending
      const start = performance.now()
      server = await startServer(env)
      slowestReadyMs = Math.max(slowestReadyMs, performance.now() - start)
    }
    return { kills, slowestReadyMs: Math.round(slowestReadyMs), ...(await judge(server, targets, ledger)) }
  } finally {
    await server.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
}

interface Target {
  flowId: string
  token: string
}

async function makeTarget(server: ServerProcess, async: boolean): Promise<Target> {
  const flow = (await server.api('POST', '/v1/flows', webhook(async))).body as { id: string }
  const { token } = (await server.api('GET', `/v1/flows/${flow.id}/webhook`)).body as { token: string }
  return { flowId: flow.id, token }
}

/** Sends at a steady rate until told to stop; failures are what the test is about, and only counted. */
async function sendLoad(
  url: string,
  targets: readonly Target[],
  rate: number,
  ledger: Ledger,
  signal: AbortSignal,
): Promise<void> {
  const pending = new Set<Promise<void>>()
  for (let count = 0; !signal.aborted; count++) {
    const call = sendOne(url, targets[count % targets.length]!, ledger).finally(() => pending.delete(call))
    pending.add(call)
    await pause(1000 / rate)
  }
  await Promise.allSettled(pending)
}

async function sendOne(url: string, { flowId, token }: Target, ledger: Ledger): Promise<void> {
  const id = randomUUID()
  ledger.sent.add(id)
  try {
    const response = await fetch(`${url}/v1/flow-webhook/${flowId}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ id }),
      signal: AbortSignal.timeout(10_000),
    })
    const runId = response.headers.get('x-flow-run-id')
    if (response.ok && runId !== null) ledger.accepted.set(id, runId)
    await response.text()
  } catch {
    return // Not answered: it may have run once or not at all, and the judge allows both.
  }
}

/** Compares what was accepted with what the records say, once nothing is under way any more. */
async function judge(server: ServerProcess, targets: readonly Target[], ledger: Ledger) {
  const deadline = performance.now() + 60_000
  let runs: RecordedRun[] = []
  do {
    runs = (await Promise.all(targets.map(({ flowId }) => allRuns(server, flowId)))).flat()
    if (runs.every(({ status }) => status === 'success' || status === 'error')) break
    await pause(250)
  } while (performance.now() < deadline)
  const byRun = new Map(runs.map((run) => [run.id, run]))
  const payloads = await payloadIds(server, runs)
  const successes = new Map<string, number>()
  for (const { id, status } of runs) {
    const sentId = payloads.get(id) ?? ''
    if (status === 'success') successes.set(sentId, (successes.get(sentId) ?? 0) + 1)
  }
  return {
    sent: ledger.sent.size,
    accepted: ledger.accepted.size,
    lost: [...ledger.accepted].filter(([, runId]) => byRun.get(runId)?.status !== 'success').length,
    phantoms: [...payloads.values()].filter((id) => !ledger.sent.has(id)).length,
    repeated: [...successes.values()].filter((count) => count > 1).length,
    unfinished: runs.filter(({ status }) => status !== 'success' && status !== 'error').length,
  }
}

interface RecordedRun {
  id: string
  status: string
}

async function allRuns(server: ServerProcess, flowId: string): Promise<RecordedRun[]> {
  const runs: RecordedRun[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const page: { data: RecordedRun[]; next_cursor: string | null } = (
      await server.api('GET', `/v1/flow-runs?flow_id=${flowId}&limit=200${cursor === '' ? '' : `&cursor=${cursor}`}`)
    ).body
    runs.push(...page.data)
    cursor = page.next_cursor
  }
  return runs
}

/** What each run was started with, a few at a time. */
async function payloadIds(server: ServerProcess, runs: readonly RecordedRun[]): Promise<Map<string, string>> {
  const ids = new Map<string, string>()
  for (let at = 0; at < runs.length; at += 32) {
    await Promise.all(
      runs.slice(at, at + 32).map(async ({ id }) => {
        const { data } = (await server.api('GET', `/v1/flow-runs/${id}/steps`)).body as {
          data: { input: { id: string } }[]
        }
        ids.set(id, data[0]?.input.id ?? '')
      }),
    )
  }
  return ids
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

if (import.meta.main) {
  const report = await killUnderLoad(Number(process.argv[2] ?? 20), 3, 200)
  console.log(report)
  if (process.env.REPORT_FILE) await appendFile(process.env.REPORT_FILE, `${JSON.stringify(report)}\n`)
  const wrong = report.lost + report.phantoms + report.repeated + report.unfinished
  process.exitCode = wrong === 0 && report.slowestReadyMs <= 5000 ? 0 : 1
}
