import { Button, Checkbox, Skeleton } from '@mantine/core'
import { ArrowUp } from 'lucide-react'
import { useEffect, useEffectEvent, useRef } from 'react'
import { messageOf } from '../api.ts'
import { RunRow } from './RunRow.tsx'
import classes from './RunTable.module.css'
import type { RunJson } from './run-queries.ts'
import { startedText } from './run-words.ts'
import { focusRowEvent } from './use-run-keys.ts'
import type { RunList } from './use-run-list.ts'
import { scrollToRow, useWindow } from './use-window.ts'

const rowHeight = 46
const headHeight = 34
/** Rows from the end at which the next page is asked for. */
const loadAhead = 30

interface RunTableProps {
  list: RunList
  rows: readonly RunJson[]
  openId: string | undefined
  open: (runId: string) => void
  chosen: ReadonlySet<string>
  setChosen: (chosen: ReadonlySet<string>) => void
}

/** The runs as a real table, of which only the rows in view are in the page. */
export function RunTable({ list, rows, openId, open, chosen, setChosen }: RunTableProps) {
  const box = useRef<HTMLDivElement>(null)
  const { first, end } = useWindow(box, rows.length, rowHeight, headHeight)
  useLoadAhead(list, end, rows.length)
  useRowFocus(box, rows)

  const toggle = (id: string) => setChosen(chosen.symmetricDifference(new Set([id])))
  const allChosen = rows.length > 0 && rows.every(({ id }) => chosen.has(id))
  const showWaiting = () => {
    list.showWaiting()
    box.current?.scrollTo({ top: 0 })
  }
  return (
    <div ref={box} className={classes.scroll} data-loading={list.isLoading || undefined}>
      {list.waiting > 0 ? (
        <div className={classes.pillBox}>
          <Button radius="xl" size="xs" leftSection={<ArrowUp size={14} aria-hidden />} onClick={showWaiting}>
            {list.waiting === 1 ? '1 new run' : `${list.waiting} new runs`}
          </Button>
        </div>
      ) : null}
      {list.error === null ? null : (
        <p className={classes.error} role="alert">
          {messageOf(list.error)}{' '}
          <Button size="compact-xs" variant="default" onClick={list.reload}>
            Try again
          </Button>
        </p>
      )}
      <table
        className={classes.table}
        data-narrow={openId !== undefined || undefined}
        aria-rowcount={list.hasMore ? -1 : rows.length + 1}
      >
        <caption className={classes.caption}>Flow runs, the newest first</caption>
        <thead>
          <tr>
            <th scope="col" className={classes.check}>
              <Checkbox
                size="xs"
                aria-label="Select all listed runs"
                checked={allChosen}
                indeterminate={chosen.size > 0 && !allChosen}
                onChange={() => setChosen(new Set(allChosen ? [] : rows.map(({ id }) => id)))}
              />
            </th>
            <th scope="col" className={classes.status}>
              Status
            </th>
            <th scope="col" className={classes.run} data-wide>
              Run
            </th>
            <th scope="col" className={classes.flow}>
              Flow
            </th>
            <th scope="col" data-wide>
              Title
            </th>
            <th scope="col" className={classes.started}>
              Started
            </th>
            <th scope="col" className={classes.duration}>
              Duration
            </th>
            <th scope="col" className={classes.answer} data-wide>
              HTTP
            </th>
            <th scope="col" className={classes.menu}>
              <span className={classes.hidden}>Actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          <Spacer height={first * rowHeight} />
          {rows.slice(first, end).map((run) => (
            <RunRow
              key={run.id}
              run={run}
              isOpen={run.id === openId}
              isChosen={chosen.has(run.id)}
              toggle={toggle}
              open={open}
            />
          ))}
          <Spacer height={Math.max(0, rows.length - end) * rowHeight} />
        </tbody>
      </table>
      {rows.length === 0 && list.isLoading ? <Waiting /> : null}
      {list.searchedTo === null ? null : <SearchFurther list={list} since={list.searchedTo} />}
    </div>
  )
}

function Spacer({ height }: { height: number }) {
  if (height <= 0) return null
  return (
    <tr aria-hidden>
      <td style={{ height, padding: 0, border: 0 }} />
    </tr>
  )
}

/** Looking into payloads takes time: what was found is shown, and the rest is looked at when someone asks for it. */
export function SearchFurther({ list, since }: { list: RunList; since: string }) {
  return (
    <div className={classes.further} role="status">
      <span>Searched back to {startedText(since)}.</span>
      <Button size="xs" variant="default" onClick={list.loadMore} loading={list.isLoadingMore}>
        Search older runs
      </Button>
    </div>
  )
}

function Waiting() {
  return (
    <div className={classes.waiting} role="status" aria-label="Loading runs">
      {[0, 1, 2, 3, 4, 5].map((each) => (
        <Skeleton key={each} height={22} radius="sm" />
      ))}
    </div>
  )
}

function useLoadAhead({ hasMore, searchedTo, loadMore }: RunList, lastShown: number, count: number): void {
  useEffect(() => {
    if (hasMore && searchedTo === null && lastShown >= count - loadAhead) loadMore()
  }, [hasMore, searchedTo, loadMore, lastShown, count])
}

/** Keys name the run to focus; its row is scrolled to first, because it may not be in the page. */
function useRowFocus(box: { readonly current: HTMLElement | null }, rows: readonly RunJson[]): void {
  const focus = useEffectEvent((runId: string) => {
    const index = rows.findIndex(({ id }) => id === runId)
    if (index < 0) return
    scrollToRow(box.current, index, rowHeight, headHeight)
    const find = () => box.current?.querySelector<HTMLElement>(`[data-run="${CSS.escape(runId)}"] a`)
    const there = find()
    if (there) there.focus({ preventScroll: true })
    else requestAnimationFrame(() => requestAnimationFrame(() => find()?.focus({ preventScroll: true })))
  })
  useEffect(() => {
    const hear = (event: Event) => focus(String((event as CustomEvent<string>).detail))
    window.addEventListener(focusRowEvent, hear)
    return () => window.removeEventListener(focusRowEvent, hear)
  }, [])
}
