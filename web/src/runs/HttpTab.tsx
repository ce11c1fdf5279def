import { Loader } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { type Json, JsonSyntaxError, parseJson, stringifyJson } from '../../../src/flow/json.ts'
import { CopyButton } from '../components/CopyButton.tsx'
import { JsonView } from '../components/JsonView.tsx'
import classes from './HttpTab.module.css'
import { payloadQuery, type StepJson } from './run-queries.ts'

/** The step's call as it went over the wire: the request, and the other side's answer. Credentials are never recorded. */
export function HttpTab({ runId, step }: { runId: string; step: StepJson }) {
  const sent = useQuery(payloadQuery(runId, step.seq, 'input'))
  const got = useQuery(payloadQuery(runId, step.seq, 'output'))
  if (sent.data === undefined || got.data === undefined) return <Loader size="xs" aria-label="Loading" role="status" />
  const request = memberOf(sent.data)
  const output = memberOf(got.data)
  const answer = step.error === null ? output : { body: step.error.details?.response ?? null }
  const method = typeof request.method === 'string' ? request.method : 'Request'
  return (
    <div className={classes.http}>
      <section aria-label="Request">
        <h4 className={classes.line}>
          <span className={classes.method}>{method}</span>
          <bdi className={classes.url}>{step.request_url ?? String(request.url ?? '')}</bdi>
          {step.request_url === null ? null : <CopyButton label="Copy address" value={step.request_url} />}
        </h4>
        <Headers headers={request.headers} />
        <Body value={request.body} label="Request body" />
      </section>
      <section aria-label="Response">
        <h4 className={classes.line}>
          <span className={classes.code} data-bad={(step.response_code ?? 0) >= 400 || undefined}>
            {step.response_code ?? 'No answer'}
          </span>
          <span className={classes.took}>after {Date.parse(step.ended_at) - Date.parse(step.started_at)} ms</span>
        </h4>
        <Headers headers={answer.headers} />
        <Body value={answer.body} label="Response body" />
      </section>
    </div>
  )
}

/** Names and values, as a request or an answer has them. */
export function Headers({ headers }: { headers: Json | undefined }) {
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers) || headers instanceof Number)
    return null
  const entries = Object.entries(headers)
  if (entries.length === 0) return null
  return (
    <dl className={classes.headers}>
      {entries.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <bdi>{typeof value === 'string' ? value : stringifyJson(value)}</bdi>
          </dd>
        </div>
      ))}
    </dl>
  )
}

function Body({ value, label }: { value: Json | undefined; label: string }) {
  if (value === undefined || value === null || value === '') return <p className={classes.empty}>No body</p>
  if (typeof value === 'string')
    return (
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it may scroll, so the keyboard must reach it.
      <section className={classes.text} tabIndex={0} aria-label={label}>
        <pre>{value.slice(0, maxShownText)}</pre>
      </section>
    )
  return (
    <div className={classes.box}>
      <JsonView value={value} label={label} openLevels={2} maxHeight={300} />
    </div>
  )
}

/** Text beyond this is read in the Output tab, which draws only what is in view. */
const maxShownText = 20_000

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
