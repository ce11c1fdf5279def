import { Button, Select, TextInput } from '@mantine/core'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Search, Webhook } from 'lucide-react'
import { useEffect, useState } from 'react'
import { messageOf } from '../api.ts'
import { catalogueQuery } from '../builder/catalogue.ts'
import { EmptyState } from '../components/EmptyState.tsx'
import { isolated } from '../components/foreign-text.ts'
import { PageBar } from '../components/PageBar.tsx'
import { StatusBadge } from '../components/StatusBadge.tsx'
import { TimeAgo } from '../components/TimeAgo.tsx'
import { onLiveEvent } from '../live/live.ts'
import { pauseMs } from '../live/pace.ts'
import { Loading } from '../shell/root-route.tsx'
import classes from './FlowList.module.css'
import { FlowMenu } from './FlowMenu.tsx'
import { type FlowJson, flowsQuery } from './flow-queries.ts'
import { type FlowStats, flowStatsQuery, noStats } from './flow-stats.ts'
import { flowStatusWords } from './flow-status.ts'
import { ImportButton } from './ImportButton.tsx'
import { NewFlowButton } from './NewFlowButton.tsx'
import { flowsRoute } from './routes.ts'
import { Sparkline } from './Sparkline.tsx'

const debounceMs = 250
const pageSize = 200

/** All flows: what each does, how it fares, and the way into it. */
export default function FlowList() {
  const search = flowsRoute.useSearch()
  const { data, error } = useQuery(flowsQuery({ ...search, limit: pageSize }))
  useLastRuns()
  const isFiltered = search.q !== undefined || search.status !== undefined
  const isEmpty = data?.data.length === 0
  return (
    <>
      <PageBar title="Flows">
        {isEmpty && !isFiltered ? null : (
          <>
            <Filters />
            <ImportButton />
            <NewFlowButton />
          </>
        )}
      </PageBar>
      <div className={classes.page}>
        {error ? (
          <EmptyState title="The flows could not be loaded">{messageOf(error)}</EmptyState>
        ) : data === undefined ? (
          <Loading />
        ) : isEmpty ? (
          isFiltered ? (
            <NoMatch />
          ) : (
            <NoFlows />
          )
        ) : (
          <Rows flows={data.data} />
        )}
      </div>
    </>
  )
}

/** Lists name the last run of each flow: they are fetched anew, now and then, while runs come in. */
function useLastRuns(): void {
  const client = useQueryClient()
  useEffect(() => {
    let timer: number | undefined
    const stop = onLiveEvent(({ type }) => {
      if (type !== 'run') return
      timer ??= window.setTimeout(() => {
        timer = undefined
        void client.invalidateQueries({ queryKey: ['flows', 'list'] })
      }, pauseMs())
    })
    return () => {
      clearTimeout(timer)
      stop()
    }
  }, [client])
}

/** Search and status, kept in the address. Typing asks the server a moment after the last key. */
function Filters() {
  const { q, status } = flowsRoute.useSearch()
  const navigate = flowsRoute.useNavigate()
  const [text, setText] = useState(q ?? '')
  const [sent, setSent] = useState(q ?? '')
  if ((q ?? '') !== sent) {
    // Back, Forward or "Clear filters" has changed the address.
    setSent(q ?? '')
    setText(q ?? '')
  }
  useEffect(() => {
    if (text === sent) return
    const timer = setTimeout(() => {
      setSent(text)
      void navigate({ search: (before) => ({ ...before, q: text === '' ? undefined : text }), replace: true })
    }, debounceMs)
    return () => clearTimeout(timer)
  }, [text, sent, navigate])
  return (
    <>
      <TextInput
        type="search"
        aria-label="Search flows"
        placeholder="Search…"
        leftSection={<Search size={15} aria-hidden />}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        className={classes.search}
      />
      <Select
        aria-label="Status"
        placeholder="All"
        clearable
        data={flowStatusWords.map((value) => ({ value, label: value.charAt(0).toUpperCase() + value.slice(1) }))}
        value={status ?? null}
        onChange={(value) =>
          void navigate({
            search: (before) => ({ ...before, status: flowStatusWords.find((word) => word === value) }),
            replace: true,
          })
        }
        className={classes.status}
      />
    </>
  )
}

function Rows({ flows }: { flows: readonly FlowJson[] }) {
  const { data: stats } = useQuery(flowStatsQuery)
  return (
    <div className={classes.card}>
      <table className={classes.table}>
        <caption className={classes.caption}>Flows, those changed last first</caption>
        <thead>
          <tr>
            <th scope="col">Status</th>
            <th scope="col">Flow</th>
            <th scope="col">Runs, 24 h</th>
            <th scope="col">Errors</th>
            <th scope="col">Last run</th>
            <th scope="col">
              <span className={classes.hidden}>Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {flows.map((flow) => (
            <Row key={flow.id} flow={flow} stats={stats?.get(flow.id) ?? noStats} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Row({ flow, stats }: { flow: FlowJson; stats: FlowStats }) {
  const runs = stats.hours.reduce((sum, each) => sum + each, 0)
  return (
    <tr className={classes.row} data-testid={`flow-${flow.id}`}>
      <td>
        <StatusBadge status={flow.status} />
      </td>
      <td className={classes.flow}>
        <Link to="/flows/$flowId" params={{ flowId: flow.id }} className={classes.name}>
          {flow.name}
        </Link>
        <Path flow={flow} />
      </td>
      <td className={classes.runs}>
        {runs > 0 ? (
          <Sparkline values={stats.hours} label={`${runs} runs in 24 hours`} />
        ) : (
          <span className={classes.quiet}>–</span>
        )}
      </td>
      <td>
        {stats.errors > 0 ? (
          <a className={classes.errors} href={`/runs?flow=${flow.id}&status=error`}>
            {stats.errors === 1 ? '1 error' : `${stats.errors} errors`}
          </a>
        ) : (
          <span className={classes.quiet}>–</span>
        )}
      </td>
      <td className={classes.when}>{flow.last_run ? <LastRun run={flow.last_run} /> : <NeverRan flow={flow} />}</td>
      <td>
        <FlowMenu flow={flow} hadRuns={hadRunsLately(flow)} />
      </td>
    </tr>
  )
}

/** How the newest run fared, and when; it leads to it. */
function LastRun({ run }: { run: NonNullable<FlowJson['last_run']> }) {
  return (
    <Link to="/runs" search={{ run: run.id }} className={classes.lastRun}>
      <StatusBadge status={run.status} bare /> <TimeAgo at={run.started_at} />
    </Link>
  )
}

function NeverRan({ flow }: { flow: FlowJson }) {
  return (
    <span className={classes.quiet}>
      no runs · saved <TimeAgo at={flow.updated_at} />
    </span>
  )
}

const sevenDaysMs = 7 * 86_400_000

/** Who deletes a flow that is in use is asked for its name. */
function hadRunsLately({ last_run }: FlowJson): boolean {
  return last_run != null && Date.now() - Date.parse(last_run.started_at) < sevenDaysMs
}

const shownSteps = 4

/** The first steps, as "Webhook → HTTP request → …". */
function Path({ flow }: { flow: FlowJson }) {
  const { data: catalogue } = useQuery(catalogueQuery)
  const names = flow.steps.slice(0, shownSteps).map((step) => step.title ?? catalogue?.title(step) ?? step.connector)
  const rest = flow.steps.length - shownSteps
  return (
    <span className={classes.path}>
      {names.length === 0 ? 'No steps yet' : names.map(isolated).join(' → ')}
      {rest > 0 ? ` → ${rest} more` : ''}
    </span>
  )
}

function NoFlows() {
  return (
    <EmptyState
      icon={<Webhook size={28} />}
      title="No flows yet."
      actions={
        <>
          <NewFlowButton label="Start with a webhook" icon={<Webhook size={16} aria-hidden />} />
          <ImportButton />
        </>
      }
    >
      A webhook arrives, a flow runs, the sender gets its answer. Start with an address that you can send to.
    </EmptyState>
  )
}

function NoMatch() {
  const navigate = flowsRoute.useNavigate()
  return (
    <EmptyState
      icon={<Search size={26} />}
      title="No flows match"
      actions={
        <Button variant="default" onClick={() => void navigate({ search: {} })}>
          Clear filters
        </Button>
      }
    />
  )
}
