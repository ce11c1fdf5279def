import { Loader } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { type Json, JsonSyntaxError, parseJson } from '../../../src/flow/json.ts'
import classes from './HttpTab.module.css'
import { CopyAddress, RequestView, ResponseView } from './HttpView.tsx'
import { payloadQuery, type StepJson } from './run-queries.ts'

/** The step's call as it went over the wire: the request, and the other side's answer. Credentials are never recorded. */
export function HttpTab({ runId, step }: { runId: string; step: StepJson }) {
  const sent = useQuery(payloadQuery(runId, step.seq, 'input'))
  const got = useQuery(payloadQuery(runId, step.seq, 'output'))
  if (sent.data === undefined || got.data === undefined) return <Loader size="xs" aria-label="Loading" role="status" />
  const { method, url, headers, body } = memberOf(sent.data)
  const output = memberOf(got.data)
  const answer = step.error === null ? output : { body: step.error.details?.response ?? null }
  const request = {
    method: typeof method === 'string' ? method : 'Request',
    url: step.request_url ?? String(url ?? ''),
    headers,
    body,
  }
  const took = Date.parse(step.ended_at) - Date.parse(step.started_at)
  return (
    <div className={classes.http}>
      <RequestView
        request={request}
        actions={step.request_url === null ? null : <CopyAddress url={step.request_url} />}
      />
      <ResponseView
        status={step.response_code}
        response={{ headers: answer.headers, body: answer.body, facts: `after ${took} ms` }}
      />
    </div>
  )
}

function memberOf(text: string): Record<string, Json> {
  try {
    const value = parseJson(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Number)
      ? value
      : {}
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error
    return {} // Nested too deep; the Input and Output tabs show its text.
  }
}
