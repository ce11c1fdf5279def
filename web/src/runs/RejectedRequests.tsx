import { Button } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ShieldCheck } from 'lucide-react'
import { Fragment, useState } from 'react'
import { type Json, stringifyJson } from '../../../src/flow/json.ts'
import { call, messageOf, type Page } from '../api.ts'
import { EmptyState } from '../components/EmptyState.tsx'
import { Foreign } from '../components/Foreign.tsx'
import { flowsQuery } from '../flows/flow-queries.ts'
import { Loading } from '../shell/root-route.tsx'
import classes from './RejectedRequests.module.css'
import { startedText } from './run-words.ts'
import { useRunSearch } from './use-run-search.ts'

/** A request that did not become a run, without its secrets. Equal ones that came together are one entry. */
export interface RejectedJson {
  id: string
  flow_id: string
  at: string
  reason: string
  status: number
  count: number
  method: string
  ip: string
  user_agent: string | null
  message: string
  /** What would have matched, for a signature that did not. */
  details?: Json
}

const pageSize = 100

/** Requests that were refused, and why: the first place to look when a webhook "does not arrive". */
export default function RejectedRequests() {
  const [search, setSearch] = useRunSearch()
  const rejected = useInfiniteQuery({
    queryKey: ['rejected-requests', search.flow],
    initialPageParam: null as string | null,
    queryFn: ({ pageParam, signal }) =>
      call<Page<RejectedJson>>('GET', 'rejected-requests', {
        query: { flow_id: search.flow, cursor: pageParam, limit: pageSize },
        signal,
      }),
    getNextPageParam: ({ next_cursor }) => next_cursor,
    retry: false,
  })
  const rows = rejected.data?.pages.flatMap(({ data }) => data)
  if (rejected.error !== null) {
    return (
      <EmptyState icon={<ShieldCheck size={26} />} title="Not available">
        {messageOf(rejected.error)}
      </EmptyState>
    )
  }
  if (rows === undefined) return <Loading />
  if (rows.length === 0) {
    return (
      <EmptyState
        icon={<ShieldCheck size={26} />}
        title="No rejected requests"
        actions={
          search.flow === undefined ? null : <Button onClick={() => setSearch({ flow: undefined })}>All flows</Button>
        }
      >
        A request with a wrong token, a bad signature or a body that can’t be read is listed here with its reason.
      </EmptyState>
    )
  }
  return (
    <div className={classes.scroll}>
      <Rows rows={rows} />
      {rejected.hasNextPage ? (
        <Button
          className={classes.more ?? ''}
          variant="default"
          onClick={() => void rejected.fetchNextPage()}
          loading={rejected.isFetchingNextPage}
        >
          Show older ones
        </Button>
      ) : null}
    </div>
  )
}

function Rows({ rows }: { rows: readonly RejectedJson[] }) {
  const [open, setOpen] = useState<string | null>(null)
  const flows = useQuery(flowsQuery({ limit: 200 }))
  const names = new Map((flows.data?.data ?? []).map(({ id, name }) => [id, name]))
  return (
    <table className={classes.table}>
      <caption className={classes.hidden}>Rejected requests, the newest first</caption>
      <thead>
        <tr>
          <th scope="col">Received</th>
          <th scope="col">Answer</th>
          <th scope="col">Reason</th>
          <th scope="col">Flow</th>
          <th scope="col">From</th>
        </tr>
      </thead>
      <tbody>
        {rows.map((row) => (
          <Fragment key={row.id}>
            <tr>
              <td className={classes.quiet}>{startedText(row.at)}</td>
              <td>
                <code className={classes.code}>{row.status}</code>
              </td>
              <td>
                <strong className={classes.reason}>
                  {wordsOf(row.reason)}
                  {row.count > 1 ? <span className={classes.count}>{row.count} times</span> : null}
                </strong>
                {row.message === '' ? null : <Foreign className={classes.message}>{row.message}</Foreign>}
                {row.details === undefined || row.details === null ? null : (
                  <Button
                    size="compact-xs"
                    variant="default"
                    aria-expanded={open === row.id}
                    onClick={() => setOpen(open === row.id ? null : row.id)}
                  >
                    What would have matched
                  </Button>
                )}
              </td>
              <td>
                <Link to="/flows/$flowId" params={{ flowId: row.flow_id }}>
                  <Foreign>{names.get(row.flow_id) ?? 'Deleted flow'}</Foreign>
                </Link>
              </td>
              <td className={classes.quiet}>
                {row.method} {row.ip}
              </td>
            </tr>
            {open === row.id ? (
              <tr>
                <td colSpan={5}>
                  <pre className={classes.details}>{stringifyJson(row.details ?? null, 2)}</pre>
                </td>
              </tr>
            ) : null}
          </Fragment>
        ))}
      </tbody>
    </table>
  )
}

const reasonWords: Record<string, string> = {
  unauthorized: 'Wrong or missing token',
  forbidden: 'Token without the scope',
  not_found: 'No webhook',
  method_not_allowed: 'Method not allowed',
  payload_too_large: 'Body too large',
  unsupported_media_type: 'Charset or encoding not supported',
  rate_limited: 'Too many requests',
  invalid_body: 'Body can’t be read',
  bad_signature: 'Signature does not match',
  duplicate: 'Duplicate',
  handshake: 'Handshake',
  filtered: 'Filtered out',
  paused: 'Flow is paused',
}

function wordsOf(reason: string): string {
  return reasonWords[reason] ?? reason.replaceAll('_', ' ')
}
