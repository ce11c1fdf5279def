import { setTimeout as pause } from 'node:timers/promises'
import type { ServerProcess } from '../rig/server-process.ts'
import type { Target } from './load.ts'

/** Flows that would take all the memory there is, and one whose template just fails. */

/** One that is refused, by what its run says. */
export interface Refused {
  name: string
  /** What its second step renders, with the payload as `web1`. */
  template: string
}

export const refused: readonly Refused[] = [
  { name: 'a value that is not there', template: '{{ web1.customer.address.city }}' },
  {
    name: 'a text that doubles',
    template:
      "{% set ns = namespace(text='xxxxxxxx') %}{% for i in range(60) %}{% set ns.text = ns.text ~ ns.text %}{% endfor %}{{ ns.text }}",
  },
  { name: 'a text that is repeated', template: '{{ web1.text * 1000000000 }}' },
  { name: 'a list of a billion', template: '{{ range(1000000000) | list }}' },
  {
    name: 'lists within lists',
    template:
      '{% set ns = namespace(list=[1]) %}{% for i in range(60) %}{% set ns.list = [ns.list, ns.list] + ns.list + ns.list %}{% endfor %}{{ ns.list }}',
  },
  {
    name: 'a loop that never ends',
    template: '{% for i in range(100000) %}{% for j in range(100000) %}{% endfor %}{% endfor %}',
  },
]

/** Bytes of one answer; the limit is 20 MiB. */
export const hugeAnswer = Buffer.from(JSON.stringify({ text: 'x'.repeat(19_000_000) }))
export const hugeBody = JSON.stringify({ text: 'x'.repeat(9 * 1024 * 1024) })

export function refusedFlow(server: ServerProcess, { name, template }: Refused): Promise<Target> {
  return makeFlow(server, name, [{ ref: 'res1', connector: 'dict', action: 'set', input: { value: template } }])
}

/** A loop whose passes, all at the same time, get a huge answer each. */
export function greedyFlow(server: ServerProcess, url: string, passes: number): Promise<Target> {
  const list = `{{ range(${passes}) }}`
  return makeFlow(
    server,
    'greedy',
    [
      { ref: 'loop1', connector: 'loop', action: 'list', input: { list, parallelism: 50 } },
      { ref: 'con1', connector: 'http', action: 'request', input: { method: 'GET', url } },
    ],
    [
      { from: 'web1', to: 'loop1' },
      { from: 'loop1', to: 'con1', label: 'ActionLoop' },
    ],
  )
}

/** A flow that copies what it gets. */
export function copyingFlow(server: ServerProcess): Promise<Target> {
  const copy = (ref: string) => ({ ref, connector: 'dict', action: 'set', input: { value: '{{ web1 }}' } })
  return makeFlow(server, 'copies', [copy('res1'), copy('res2')])
}

interface FlowStep {
  ref: string
  connector: string
  action: string
  input: object
}

async function makeFlow(
  server: ServerProcess,
  name: string,
  steps: readonly FlowStep[],
  arrows?: readonly object[],
): Promise<Target> {
  const response = { status_code: '200', body: 'ok', headers: {} }
  const web1 = { ref: 'web1', connector: 'webhook', action: 'webhook', input: { async: true, response } }
  const all = [web1, ...steps]
  const { body } = await server.api('POST', '/v1/flows', {
    name,
    status: 'live',
    steps: all,
    arrows: arrows ?? all.slice(1).map(({ ref }, index) => ({ from: all[index]!.ref, to: ref })),
  })
  const { id: flowId } = body as { id: string }
  const { token } = (await server.api('GET', `/v1/flows/${flowId}/webhook`)).body as { token: string }
  return { flowId, token }
}

/** Sends a body; returns the run's id, or the status of a refusal. */
export async function sendBody(url: string, { flowId, token }: Target, body: string): Promise<string | number> {
  const response = await fetch(`${url}/v1/flow-webhook/${flowId}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body,
  })
  await response.arrayBuffer()
  return response.headers.get('x-flow-run-id') ?? response.status
}

/** Sends a body, again and again while it is refused for lack of room, as senders do; returns the last outcome. */
export async function sendUntilTaken(url: string, target: Target, body: string, withinMs: number) {
  const deadline = performance.now() + withinMs
  for (let refusals = 0; ; refusals++) {
    const outcome = await sendBody(url, target, body)
    if (outcome !== 503 || performance.now() > deadline) return { outcome, refusals }
    await pause(5_000)
  }
}

export interface EndedRun {
  status: string
  error: { kind: string; message: string } | null
}

/** Waits for a run's end; gives up after `withinMs`, and says what it is then. */
export async function untilEnded(server: ServerProcess, runId: string, withinMs: number): Promise<EndedRun> {
  const deadline = performance.now() + withinMs
  for (;;) {
    const { status, body } = await server.api('GET', `/v1/flow-runs/${runId}`)
    const run = body as EndedRun
    if (status === 200 && ['error', 'success', 'cancelled'].includes(run.status)) return run
    if (performance.now() > deadline) return run
    await pause(250)
  }
}
