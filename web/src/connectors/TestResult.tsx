import { Button, SegmentedControl } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { type Ref, useState } from 'react'
import { type Json, JsonSyntaxError, parseJson } from '../../../src/flow/json.ts'
import type { RunError } from '../../../src/flow/run.ts'
import type { ConnectorJson } from '../builder/catalogue.ts'
import { focusField } from '../builder/focus-field.ts'
import { CopyButton } from '../components/CopyButton.tsx'
import { isolated } from '../components/foreign-text.ts'
import { JsonView } from '../components/JsonView.tsx'
import { durationText, sizeText } from '../components/TimeAgo.tsx'
import { authQuery } from '../connector-auths/auth-queries.ts'
import { Reconnect } from '../connector-auths/Reconnect.tsx'
import { callAsCurl } from '../runs/curl.ts'
import errorClasses from '../runs/ErrorCard.module.css'
import { ErrorFacts } from '../runs/ErrorFacts.tsx'
import { causeOf } from '../runs/error-cause.ts'
import httpClasses from '../runs/HttpTab.module.css'
import { RequestView, ResponseView } from '../runs/HttpView.tsx'
import { Loading } from '../shell/root-route.tsx'
import type { ActionTestJson } from './action-tests.ts'
import pageClasses from './ConnectorPage.module.css'
import classes from './TestTab.module.css'

interface TestResultProps {
  connector: ConnectorJson
  /** Id of the auth that was used. */
  auth: string | null
  isPending: boolean
  result: ActionTestJson | undefined
  /** Of the form, by name: an error that names one leads to it. */
  fields: readonly string[]
  ref: Ref<HTMLElement>
}

/** What came of a test: the answer and what a step would yield, or why there is none. */
export function TestResult({ connector, auth, isPending, result, fields, ref }: TestResultProps) {
  return (
    <section ref={ref} className={`${pageClasses.card} ${classes.side}`} aria-label="Result" aria-busy={isPending}>
      {isPending ? (
        <Loading />
      ) : result === undefined ? (
        <p className={classes.note}>The request and its answer are shown here. Nothing of a test is stored.</p>
      ) : (
        <Shown connector={connector} auth={auth} result={result} fields={fields} />
      )}
    </section>
  )
}

function Shown({
  connector,
  auth,
  result,
  fields,
}: Omit<TestResultProps, 'isPending' | 'ref'> & { result: ActionTestJson }) {
  const { error, request, response, output, output_truncated: isCut, dry_run: isDry } = result
  const [wanted, setPart] = useState<'output' | 'http'>('output')
  const hasOutput = error === null && !isDry
  const part = hasOutput ? wanted : 'http'
  return (
    <>
      <p className={classes.note} role="status">
        {resultWords(result, connector.title)}
      </p>
      {error === null ? null : <Failure error={error} result={result} auth={auth} fields={fields} />}
      {hasOutput ? (
        <SegmentedControl
          size="sm"
          value={part}
          onChange={(value) => setPart(value as 'output' | 'http')}
          aria-label="What of the result"
          data={[
            { value: 'output', label: 'Output' },
            { value: 'http', label: 'HTTP' },
          ]}
          style={{ justifySelf: 'start' }}
        />
      ) : null}
      {part === 'output' ? (
        <>
          {isCut ? <p className={classes.note}>{cutWords}</p> : null}
          <JsonView value={output} label="Output" openLevels={3} maxHeight={460} />
        </>
      ) : (
        <div className={httpClasses.http}>
          {request === null ? null : (
            <RequestView
              request={{ ...request, body: request.truncated ? request.body : readBody(request) }}
              actions={<CopyButton label="Copy as cURL" value={callAsCurl(request)} />}
            />
          )}
          {response === null ? null : (
            <ResponseView
              status={response.status}
              response={{
                headers: response.headers,
                body: response.body,
                facts: `after ${durationText(result.duration_ms)} · ${sizeText(response.size)}`,
              }}
            />
          )}
          {response?.truncated || request?.truncated ? <p className={classes.note}>{cutWords}</p> : null}
        </div>
      )}
    </>
  )
}

const cutWords = 'This is the beginning: more than 256 kB are not shown.'

/** The step error as the debugger has it, and the way to where it is mended. */
function Failure({
  error,
  result: { request, response },
  auth,
  fields,
}: {
  error: RunError
  result: ActionTestJson
  auth: string | null
  fields: readonly string[]
}) {
  const facts = { ref: '', error, request_url: request?.url ?? null, response_code: response?.status ?? null }
  const { text, fix } = causeOf(facts)
  const used = useQuery({ ...authQuery(auth ?? ''), enabled: auth !== null && fix?.to === 'auth' })
  const { field } = error.details ?? {}
  const isShown =
    typeof field === 'string' &&
    (field === 'auth' || fields.includes(field.replace(/^input\./, '').split('.')[0] ?? ''))
  return (
    <div className={errorClasses.card}>
      <ErrorFacts error={error} cause={text} openBelow={600} />
      <div className={errorClasses.fixes}>
        {fix?.to === 'auth' && used.data ? <Reconnect auth={used.data} label={fix.label} size="xs" /> : null}
        {isShown ? (
          <Button size="xs" variant="default" onClick={() => focusField(field)}>
            {field === 'auth' ? 'Choose an auth' : 'Show the field'}
          </Button>
        ) : null}
      </div>
    </div>
  )
}

/** The result in one sentence, for those who hear it, too. */
export function resultWords(result: ActionTestJson, title: string): string {
  const { dry_run: isDry, request, response, error, calls, duration_ms: ms } = result
  if (response !== null) {
    const last = calls > 1 ? `, the last of ${calls} calls` : ''
    return `${isolated(title)} answered ${response.status} after ${durationText(ms)}${last}`
  }
  if (error !== null) return request === null ? 'Nothing was sent' : `${isolated(title)} did not answer`
  return isDry ? 'This is what Send would send; nothing was sent' : `${isolated(title)} did not answer`
}

/** JSON as the value it is, so that it is shown as a tree. */
function readBody({ body, headers }: NonNullable<ActionTestJson['request']>): Json {
  if (body === null || !/json/i.test(headers['content-type'] ?? '')) return body
  try {
    return parseJson(body)
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error
    return body
  }
}
