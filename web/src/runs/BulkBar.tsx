import { Button, Modal } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { RotateCcw, X } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { messageOf, type Query } from '../api.ts'
import classes from './BulkBar.module.css'
import { noFilter } from './FilterBar.tsx'
import { bulkRerun } from './run-actions.ts'
import { countText, fetchRuns, largestPage, type RunCount } from './run-queries.ts'
import { noRun, useRunSearch } from './use-run-search.ts'

/** As many as one bulk may have; a larger one deserves a narrower filter. */
const maxBulk = 1_000
/** Runs a request starts, so that progress can be shown and the rest be stopped. */
const batchSize = 20

interface BulkBarProps {
  chosen: ReadonlySet<string>
  query: Query
  /** How many runs match the filter. */
  count: RunCount | undefined
  choose: (ids: ReadonlySet<string>) => void
  clear: () => void
}

/** What can be done with the runs that are selected. */
export default function BulkBar({ chosen, query, count, choose, clear }: BulkBarProps) {
  const [isAsking, setAsking] = useState(false)
  const all = useMutation({ mutationFn: () => idsMatching(query), onSuccess: (ids) => choose(new Set(ids)) })
  const hasAll = count?.complete === true && count.count === chosen.size && all.data?.length === chosen.size
  return (
    <section className={classes.bar} aria-label="Selected runs">
      <span className={classes.count}>
        {chosen.size} selected
        {hasAll ? ': all that match' : null}
      </span>
      <Button size="xs" leftSection={<RotateCcw size={14} aria-hidden />} onClick={() => setAsking(true)}>
        Run again {runsText(chosen.size)}
      </Button>
      {hasAll ? null : (
        <Button size="xs" variant="default" onClick={() => all.mutate()} loading={all.isPending}>
          {allText(count)}
        </Button>
      )}
      <Button size="xs" variant="subtle" leftSection={<X size={14} aria-hidden />} onClick={clear}>
        Clear selection
      </Button>
      {all.error === null ? null : (
        <span role="alert" className={classes.error}>
          {messageOf(all.error)}
        </span>
      )}
      <Modal
        opened={isAsking}
        onClose={() => setAsking(false)}
        title={`Run ${runsText(chosen.size)} again`}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <Bulk ids={[...chosen]} close={() => setAsking(false)} clear={clear} />
      </Modal>
    </section>
  )
}

interface Progress {
  done: number
  failed: number
  reasons: readonly string[]
  /** When the first was started: the new runs are those since then. */
  since: string
}

function Bulk({ ids, close, clear }: { ids: readonly string[]; close: () => void; clear: () => void }) {
  const [, setSearch] = useRunSearch()
  const [progress, setProgress] = useState<Progress | null>(null)
  const stopping = useRef<AbortController>(null)
  const stop = () => stopping.current?.abort()
  const start = useMutation({
    mutationFn: () => {
      stopping.current = new AbortController()
      return runAll(ids, setProgress, stopping.current.signal)
    },
  })
  // Once it is closed there is no way to stop it.
  useEffect(() => () => stopping.current?.abort(), [])
  const showNew = () => {
    setSearch({ ...noFilter, ...noRun, trigger: 'manual', from: progress?.since })
    clear()
    close()
  }
  if (progress === null) {
    return (
      <>
        <p className={classes.text}>
          {runsText(ids.length)} will be started again from the beginning, each with its own payload and the current
          version of its flow.
        </p>
        <div className={classes.buttons}>
          <Button variant="default" onClick={close}>
            Cancel
          </Button>
          <Button onClick={() => start.mutate()} data-autofocus>
            Run again {runsText(ids.length)}
          </Button>
        </div>
      </>
    )
  }
  return (
    <>
      <progress
        className={classes.progress}
        max={ids.length}
        value={progress.done + progress.failed}
        aria-label="Progress"
      />
      <p className={classes.text} role="status">
        {progress.done} of {ids.length} started{progress.failed > 0 ? `, ${progress.failed} failed` : ''}
        {!start.isPending && progress.done + progress.failed < ids.length ? ': stopped' : ''}
      </p>
      {progress.reasons.map((reason) => (
        <p key={reason} className={classes.error}>
          {reason}
        </p>
      ))}
      {start.error === null ? null : (
        <p role="alert" className={classes.error}>
          {messageOf(start.error)}
        </p>
      )}
      <div className={classes.buttons}>
        {start.isPending ? (
          <Button variant="default" onClick={stop}>
            Stop
          </Button>
        ) : (
          <Button variant="default" onClick={close}>
            Close
          </Button>
        )}
        <Button onClick={showNew} disabled={start.isPending}>
          Show the new runs
        </Button>
      </div>
    </>
  )
}

/** A batch that is under way when it is stopped is waited for: its runs have been started. */
async function runAll(
  ids: readonly string[],
  report: (progress: Progress) => void,
  stopping: AbortSignal,
): Promise<void> {
  let progress: Progress = { done: 0, failed: 0, reasons: [], since: new Date().toISOString() }
  report(progress)
  for (let at = 0; at < ids.length && !stopping.aborted; at += batchSize) {
    const results = await bulkRerun(ids.slice(at, at + batchSize))
    const refused = results.flatMap(({ error }) => (error === null ? [] : [error]))
    progress = {
      ...progress,
      done: progress.done + results.length - refused.length,
      failed: progress.failed + refused.length,
      reasons: [...new Set([...progress.reasons, ...refused])].slice(0, 5),
    }
    report(progress)
  }
}

async function idsMatching(query: Query): Promise<string[]> {
  const ids: string[] = []
  let cursor: string | null = null
  do {
    const page: Awaited<ReturnType<typeof fetchRuns>> = await fetchRuns(query, cursor, largestPage)
    ids.push(...page.data.map(({ id }) => id))
    cursor = page.next_cursor
  } while (cursor !== null && ids.length < maxBulk)
  return ids.slice(0, maxBulk)
}

function runsText(count: number): string {
  return countText({ count, complete: true })
}

/** What can be selected beyond what is listed, and how much that is. */
function allText(count: RunCount | undefined): string {
  if (count === undefined) return 'Select all matching this filter'
  const { complete } = count
  if (complete && count.count <= maxBulk) return `Select all ${count.count.toLocaleString()} matching this filter`
  return `Select the newest ${maxBulk.toLocaleString()} of ${countText(count)}`
}
