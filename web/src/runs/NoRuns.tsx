import { Button } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Ear, FilterX, Radio, Webhook } from 'lucide-react'
import { call, messageOf } from '../api.ts'
import { CopyButton } from '../components/CopyButton.tsx'
import { EmptyState } from '../components/EmptyState.tsx'
import { flowsQuery } from '../flows/flow-queries.ts'
import { NewFlowButton } from '../flows/NewFlowButton.tsx'
import { curlOf, maskedToken } from './curl.ts'
import { noFilter } from './FilterBar.tsx'
import classes from './NoRuns.module.css'
import { SearchFurther } from './RunTable.tsx'
import { isFiltered } from './run-search.ts'
import type { RunList } from './use-run-list.ts'
import { useRunSearch } from './use-run-search.ts'

/** An empty list: what to send, or what keeps the runs from being listed. */
export default function NoRuns({ list }: { list: RunList }) {
  const [search, setSearch] = useRunSearch()
  const { flow, ...others } = search
  const isNarrowed = isFiltered(others)
  if (isNarrowed) {
    return (
      <EmptyState
        icon={<FilterX size={26} />}
        title={list.searchedTo === null ? 'No runs match' : 'No runs match so far'}
        actions={<Button onClick={() => setSearch(noFilter)}>Clear filters</Button>}
      >
        {list.searchedTo === null ? (
          'Runs that match will be listed here as soon as they start.'
        ) : (
          <SearchFurther list={list} since={list.searchedTo} />
        )}
      </EmptyState>
    )
  }
  return <FirstRequest flowId={flow} clear={flow === undefined ? null : () => setSearch(noFilter)} />
}

function FirstRequest({ flowId, clear }: { flowId: string | undefined; clear: (() => void) | null }) {
  const flows = useQuery(flowsQuery({ limit: 50 }))
  const startable = (flows.data?.data ?? []).filter(({ webhook, status }) => webhook !== null && status !== 'paused')
  const flow = flowId === undefined ? startable[0] : (flows.data?.data ?? []).find(({ id }) => id === flowId)
  const listen = useMutation({ mutationFn: (id: string) => call<unknown>('POST', `flows/${id}/listen`) })
  if (flows.data === undefined) return null
  if (!flow?.webhook) {
    return (
      <EmptyState
        icon={<Radio size={26} />}
        title="No runs yet"
        actions={
          flows.data.data.length === 0 ? (
            <NewFlowButton label="Start with a webhook" icon={<Webhook size={16} aria-hidden />} />
          ) : (
            <Button component={Link} to="/flows">
              To the flows
            </Button>
          )
        }
      >
        A flow with a webhook runs as soon as someone sends it a request.
      </EmptyState>
    )
  }
  const { webhook } = flow
  const request = (token: string | null) =>
    curlOf({ url: webhook.url, method: 'POST', contentType: 'application/json', body: '{"hello": "world"}', token })
  const withToken = async () => {
    if (!webhook.token_enabled) return request(null)
    const { token } = await call<{ token: string }>('GET', `flows/${flow.id}/webhook`)
    return request(token)
  }
  return (
    <EmptyState
      icon={<Radio size={26} />}
      title="No runs yet. Send this:"
      actions={
        <>
          <CopyButton wide label="Copy cURL" value={withToken} />
          <Button
            leftSection={<Ear size={15} aria-hidden />}
            onClick={() => listen.mutate(flow.id)}
            loading={listen.isPending}
            disabled={listen.isSuccess}
          >
            {listen.isSuccess ? 'Listening…' : 'Listen'}
          </Button>
          {clear === null ? null : (
            <Button variant="subtle" onClick={clear}>
              All flows
            </Button>
          )}
        </>
      }
    >
      <p className={classes.flow}>
        To{' '}
        <Link to="/flows/$flowId" params={{ flowId: flow.id }}>
          {flow.name}
        </Link>
        ; its run then appears here.
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it may scroll, so the keyboard must reach it. */}
      <section className={classes.scroller} tabIndex={0} aria-label="Request as cURL">
        <pre className={classes.curl}>{request(webhook.token_enabled ? maskedToken : null)}</pre>
      </section>
      {listen.error === null ? null : <p role="alert">{messageOf(listen.error)}</p>}
    </EmptyState>
  )
}
