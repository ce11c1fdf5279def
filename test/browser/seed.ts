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

/** Makes the runs of a flow so many days older. */
export function age(product: Product, flowId: string, days: number): Promise<void> {
  return moveBack(product, `run.flow_id = '${flowId}'`, String(days * 1_440))
}

/** Spreads all runs over the last hours, as if they had come all along. */
export function spread(product: Product, hours: number): Promise<void> {
  return moveBack(product, 'true', `('x' || right(run.id::text, 4))::bit(16)::int % ${hours * 60}`)
}

/** Moves runs back in time by so many minutes: their times, and their ids, which begin with the time. */
async function moveBack({ database }: Product, which: string, minutes: string): Promise<void> {
  const digits = `replace(run.id::text, '-', '')`
  const milliseconds = `('x' || substr(${digits}, 1, 12))::bit(48)::bigint - (${minutes}) * 60000::bigint`
  await database.query({
    text: `with older as (
             select id, (lpad(to_hex(${milliseconds}), 12, '0') || substr(${digits}, 13))::uuid as new_id,
               (${minutes}) * interval '1 minute' as distance from run where ${which}
           ), steps as (update step set run_id = older.new_id from older where step.run_id = older.id)
           update run set id = older.new_id, created_at = created_at - distance, finished_at = finished_at - distance
           from older where run.id = older.id`,
  })
}
