import { Loader, Select } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { messageOf } from '../api.ts'
import classes from './DiffTab.module.css'
import { type DiffLine, diffRuns, maxDiffLines } from './run-diff.ts'
import { fetchRuns, outputsQuery, type RunJson } from './run-queries.ts'
import { shortId, startedText } from './run-words.ts'
import { useRunSearch } from './use-run-search.ts'

const offeredRuns = 30

/** What this run's steps yielded that another run's did not: its parent, or any run of the flow. */
export function DiffTab({ run }: { run: RunJson }) {
  const [search, setSearch] = useRunSearch()
  const others = useQuery({
    queryKey: ['runs', 'to-compare', run.flow_id],
    queryFn: async ({ signal }) => (await fetchRuns({ flow_id: run.flow_id }, null, offeredRuns, signal)).data,
  })
  const choices = (others.data ?? []).filter(({ id }) => id !== run.id)
  const with_ = search.with ?? run.rerun_of ?? undefined
  const data = choices.map((each) => ({
    value: each.id,
    label: `${shortId(each.id)} · ${each.status} · ${startedText(each.started_at)}`,
  }))
  if (with_ !== undefined && !data.some(({ value }) => value === with_)) {
    data.unshift({ value: with_, label: shortId(with_) })
  }
  return (
    <>
      <Select
        size="xs"
        label="Compare with"
        className={classes.choice}
        placeholder="Choose a run of this flow"
        data={data.map((each) =>
          each.value === run.rerun_of ? { ...each, label: `${each.label} (the run it repeats)` } : each,
        )}
        value={with_ ?? null}
        onChange={(chosen) => setSearch({ with: chosen ?? undefined }, { replace: true })}
        searchable
      />
      {with_ === undefined ? (
        <p className={classes.none}>Choose a run to see which outputs differ.</p>
      ) : (
        <Differences before={with_} after={run.id} />
      )}
    </>
  )
}

function Differences({ before, after }: { before: string; after: string }) {
  const old = useQuery(outputsQuery(before))
  const fresh = useQuery(outputsQuery(after))
  const diffs = useMemo(
    () => (old.data && fresh.data ? diffRuns(old.data, fresh.data) : undefined),
    [old.data, fresh.data],
  )
  const error = old.error ?? fresh.error
  if (error !== null) return <p role="alert">{messageOf(error)}</p>
  if (diffs === undefined) return <Loader size="xs" aria-label="Comparing" role="status" />
  if (diffs.length === 0) return <p className={classes.same}>Same outputs</p>
  return (
    <div className={classes.diffs}>
      <p className={classes.legend}>
        From <code>{shortId(before)}</code> to <code>{shortId(after)}</code>: {diffs.length}{' '}
        {diffs.length === 1 ? 'step differs' : 'steps differ'}
      </p>
      {diffs.map(({ key, ref, note, lines }) => (
        <section key={key} aria-label={`Differences of ${ref}`}>
          <h4 className={classes.ref}>
            <code>{ref}</code> {note}
          </h4>
          <ul className={classes.lines}>
            {lines.slice(0, maxDiffLines).map((line) => (
              <Line key={`${line.sign}${line.path}`} line={line} />
            ))}
          </ul>
          {lines.length > maxDiffLines ? <p className={classes.none}>and more</p> : null}
        </section>
      ))}
    </div>
  )
}

const words = { '+': 'added', '−': 'removed', '~': 'changed' } as const

function Line({ line: { sign, path, before, after } }: { line: DiffLine }) {
  return (
    <li data-sign={sign}>
      <span className={classes.sign} role="img" aria-label={words[sign]}>
        {sign}
      </span>
      {path === '' ? null : <code className={classes.path}>{path}</code>}
      {before === null ? null : <del>{before}</del>}
      {before !== null && after !== null ? <span aria-hidden>→</span> : null}
      {after === null ? null : <ins>{after}</ins>}
    </li>
  )
}
