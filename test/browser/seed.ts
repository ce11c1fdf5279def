import type { JsonObject } from '../../src/flow/json.ts'
import type { FlowUnderTest, Product } from '../e2e/rig.ts'

/** Flows and runs as tests of the debugger need them. */

/** A webhook whose answer is its payload, and a step after it that calls an address. */
export function callingFlow(name: string, url: string, more: JsonObject = {}): JsonObject {
  return {
    name,
    status: 'live',
    steps: [
      {
        ref: 'web1',
        connector: 'webhook',
        action: 'webhook',
        input: { async: false, response: { status_code: '200', body: '{{ web1 | tojson }}', headers: {} } },
      },
      {
        ref: 'con1',
        connector: 'http',
        action: 'request',
        title: 'Send contact',
        input: { method: 'POST', url, headers: {}, body: { id: '{{ web1.company_id }}' } },
      },
      { ref: 'res1', connector: 'dict', action: 'set', input: { company: '{{ web1.company_id }}' } },
    ],
    arrows: [
      { from: 'web1', to: 'con1' },
      { from: 'con1', to: 'res1' },
    ],
    ...more,
  }
}

/** A webhook and a value made of its payload. */
export function plainFlow(name: string, more: JsonObject = {}): JsonObject {
  return {
    name,
    status: 'live',
    steps: [
      { ref: 'web1', connector: 'webhook', action: 'webhook', input: { async: false } },
      { ref: 'res1', connector: 'dict', action: 'set', input: { value: '{{ web1.value }}' } },
    ],
    arrows: [{ from: 'web1', to: 'res1' }],
    ...more,
  }
}

/** Sends a JSON text to a flow's webhook; gives the run's id once the run has ended. */
export async function send(product: Product, flow: FlowUnderTest, body: string): Promise<string> {
  const answer = await flow.call({ body, headers: { 'content-type': 'application/json' } })
  const id = answer.headers.get('x-flow-run-id')
  if (id === null) throw new Error(`the webhook answered ${answer.status}: ${answer.text}`)
  await product.ended(id)
  return id
}

/** The last characters of a run id, as the debugger shows it. */
export const shortId = (id: string): string => id.slice(-8)

/** Makes the runs of a flow so many days older: their times, and their ids, which begin with the time. */
export async function age({ database }: Product, flowId: string, days: number): Promise<void> {
  const older = (id: string) => {
    const digits = `replace(${id}::text, '-', '')`
    const milliseconds = `('x' || substr(${digits}, 1, 12))::bit(48)::bigint - $2::int * 86400000::bigint`
    return `(lpad(to_hex(${milliseconds}), 12, '0') || substr(${digits}, 13))::uuid`
  }
  const by = `$2::int * interval '1 day'`
  await database.query({
    text: `with steps as (update step set run_id = ${older('run_id')} where run_id in (select id from run where flow_id = $1))
           update run set id = ${older('id')}, created_at = created_at - ${by}, finished_at = finished_at - ${by}
           where flow_id = $1`,
    values: [flowId, days],
  })
}
