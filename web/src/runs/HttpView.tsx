import type { ReactNode } from 'react'
import { type Json, stringifyJson } from '../../../src/flow/json.ts'
import { CopyButton } from '../components/CopyButton.tsx'
import { Foreign } from '../components/Foreign.tsx'
import { JsonView } from '../components/JsonView.tsx'
import classes from './HttpTab.module.css'

/** A request as it was sent, as far as it is known. */
export interface SeenRequest {
  method: string
  url: string
  headers: Json | undefined
  body: Json | undefined
}

export interface SeenResponse {
  headers: Json | undefined
  body: Json | undefined
  /** Said beside the status, as "after 12 ms". */
  facts: string
}

/** A request, with what can be done with it at its end. */
export function RequestView({
  request: { method, url, headers, body },
  actions,
}: {
  request: SeenRequest
  actions?: ReactNode
}) {
  return (
    <section aria-label="Request">
      <h4 className={classes.line}>
        <span className={classes.method}>{method}</span>
        <Foreign className={classes.url}>{url}</Foreign>
        {actions}
      </h4>
      <Headers headers={headers} />
      <Body value={body} label="Request body" />
    </section>
  )
}

/** What came back; `status` is null when nothing did. */
export function ResponseView({ status, response }: { status: number | null; response: SeenResponse }) {
  return (
    <section aria-label="Response">
      <h4 className={classes.line}>
        <span className={classes.code} data-bad={(status ?? 0) >= 400 || undefined}>
          {status ?? 'No answer'}
        </span>
        <span className={classes.took}>{response.facts}</span>
      </h4>
      <Headers headers={response.headers} />
      <Body value={response.body} label="Response body" />
    </section>
  )
}

/** For an address that is one. */
export function CopyAddress({ url }: { url: string }) {
  return <CopyButton label="Copy address" value={url} />
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
            <Foreign>{typeof value === 'string' ? value : stringifyJson(value)}</Foreign>
          </dd>
        </div>
      ))}
    </dl>
  )
}

/** Text beyond this is read in the Output tab, which draws only what is in view. */
const maxShownText = 20_000

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
