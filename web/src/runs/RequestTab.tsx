import { Loader } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import type { Json } from '../../../src/flow/json.ts'
import { messageOf } from '../api.ts'
import { CopyButton } from '../components/CopyButton.tsx'
import { sizeText } from '../components/TimeAgo.tsx'
import classes from './HttpTab.module.css'
import { Headers } from './HttpView.tsx'
import { requestQuery } from './run-queries.ts'

/** Of a body, as much as is shown; copying takes all of it. */
const maxShownText = 20_000

/** The request that started the run, as it arrived: what the Input tab shows is what the flow made of it. */
export function RequestTab({ runId }: { runId: string }) {
  const request = useQuery(requestQuery(runId))
  if (request.error !== null) return <p role="alert">{messageOf(request.error)}</p>
  if (request.data === undefined) return <Loader size="xs" aria-label="Loading the request" role="status" />
  const { method, ip, query, headers, content_type, size, body, body_base64 } = request.data
  const text = body ?? body_base64 ?? ''
  return (
    <section className={classes.http} aria-label="Request as it arrived">
      <div>
        <h4 className={classes.line}>
          <span className={classes.method}>{method ?? 'Request'}</span>
          <span className={classes.took}>
            {[ip === null ? null : `from ${ip}`, content_type ?? 'no content type', sizeText(size)]
              .filter((each) => each !== null)
              .join(' · ')}
          </span>
        </h4>
        <Headers headers={headers} />
        {Object.keys(query).length === 0 ? null : (
          <>
            <h4 className={classes.part}>Query</h4>
            <Headers headers={query as Json} />
          </>
        )}
      </div>
      <div>
        <h4 className={classes.part}>
          Body {body === null && body_base64 !== null ? <span>no text; as base64</span> : null}
          {text === '' ? null : <CopyButton label="Copy body" value={text} />}
        </h4>
        {text === '' ? (
          <p className={classes.empty}>No body</p>
        ) : (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: it may scroll, so the keyboard must reach it.
          <section className={classes.text} tabIndex={0} aria-label="Body as it arrived">
            <pre>{text.slice(0, maxShownText)}</pre>
            {text.length > maxShownText ? <p className={classes.empty}>and more: copy it to see all of it</p> : null}
          </section>
        )}
      </div>
    </section>
  )
}
