import { SegmentedControl } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { lazy, Suspense, useEffect, useMemo, useRef, useState } from 'react'
import { CrashGuard } from '../components/CrashGuard.tsx'
import { PageBar } from '../components/PageBar.tsx'
import { flowQuery } from '../flows/flow-queries.ts'
import { Loading } from '../shell/root-route.tsx'
import { FilterBar } from './FilterBar.tsx'
import { Histogram } from './Histogram.tsx'
import { PausedNote } from './PausedNote.tsx'
import classes from './RunsPage.module.css'
import { RunTable } from './RunTable.tsx'
import { countQuery } from './run-queries.ts'
import { filterOf, filterQuery } from './run-search.ts'
import { useRunKeys } from './use-run-keys.ts'
import { useRunList } from './use-run-list.ts'
import { freshRun, noRun, useRunSearch } from './use-run-search.ts'

/** The list comes first; what one run needs is fetched while it is read. */
const loadDetail = () => import('./RunDetail.tsx')
const RunDetail = lazy(loadDetail)
const RejectedRequests = lazy(() => import('./RejectedRequests.tsx'))
const NoRuns = lazy(() => import('./NoRuns.tsx'))
const BulkBar = lazy(() => import('./BulkBar.tsx'))

/** The Flow Debugger: all runs, live, and one of them in detail. */
export function RunsPage() {
  const [search, setSearch] = useRunSearch()
  return (
    <div className={classes.page} data-open={search.run !== undefined || undefined}>
      <div className={classes.head}>
        <PageBar title="Flow Debugger">
          <SegmentedControl
            aria-label="What is listed"
            size="xs"
            data={[
              { value: 'runs', label: 'Runs' },
              { value: 'rejected', label: 'Rejected requests' },
            ]}
            value={search.view ?? 'runs'}
            onChange={(view) => setSearch({ view: view === 'rejected' ? 'rejected' : undefined, ...noRun })}
          />
        </PageBar>
      </div>
      <Suspense fallback={<Loading />}>{search.view === 'rejected' ? <RejectedRequests /> : <Runs />}</Suspense>
    </div>
  )
}

function Runs() {
  const [search, setSearch] = useRunSearch()
  useEffect(() => void loadDetail(), [])
  const filter = filterOf(search)
  const filterKey = JSON.stringify(filter)
  // biome-ignore lint/correctness/useExhaustiveDependencies: "the last hour" is fixed when it is chosen, so that the list stays one list.
  const query = useMemo(() => filterQuery(filter, Date.now()), [filterKey])
  const list = useRunList(query)
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set())
  const flow = useQuery({ ...flowQuery(search.flow ?? ''), enabled: search.flow !== undefined })
  const { rows } = list
  const count = useQuery(countQuery(query, rows[0]?.id))
  const searchBox = useRef<HTMLInputElement>(null)
  const open = (runId: string | undefined, replace = false) =>
    setSearch(runId === undefined ? noRun : { run: runId, ...freshRun }, { replace })
  const toggle = (runId: string) => setChosen((before) => before.symmetricDifference(new Set([runId])))
  useRunKeys({ rows, search, setSearch, open, toggle, focusSearch: () => searchBox.current?.focus() })

  const isEmpty = rows.length === 0 && !list.isLoading && list.error === null
  return (
    <>
      <div className={classes.head}>
        <Histogram />
        <FilterBar searchBox={searchBox} count={list.isLoading ? undefined : count.data} />
        {flow.data?.status === 'paused' ? <PausedNote since={flow.data.updated_at} /> : null}
      </div>
      <div className={classes.split}>
        <section className={classes.list} aria-label="Runs">
          {chosen.size > 0 ? (
            <Suspense fallback={null}>
              <BulkBar
                chosen={chosen}
                query={query}
                count={count.data}
                clear={() => setChosen(new Set())}
                choose={setChosen}
              />
            </Suspense>
          ) : null}
          {isEmpty ? (
            <Suspense fallback={<Loading />}>
              <NoRuns list={list} />
            </Suspense>
          ) : (
            <RunTable list={list} rows={rows} openId={search.run} open={open} chosen={chosen} setChosen={setChosen} />
          )}
        </section>
        {search.run === undefined ? null : (
          <CrashGuard part="run" resetKey={search.run}>
            <Suspense fallback={<Loading />}>
              <RunDetail runId={search.run} close={() => open(undefined)} open={open} />
            </Suspense>
          </CrashGuard>
        )}
      </div>
    </>
  )
}
