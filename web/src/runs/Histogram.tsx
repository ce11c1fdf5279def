import { useQuery } from '@tanstack/react-query'
import { type KeyboardEvent, useEffect, useRef, useState } from 'react'
import { clockTime } from '../components/TimeAgo.tsx'
import classes from './Histogram.module.css'
import { type Bar, barsOf, hourMs, minuteMs, totalOf } from './histogram-bars.ts'
import { statsQuery } from './run-queries.ts'
import { noRun, useRunSearch } from './use-run-search.ts'

const height = 44
const dayMs = 24 * hourMs

/** Runs of the last 24 hours, or of the hour that was zoomed into; pressing a bar shows only its runs. */
export function Histogram() {
  const [search, setSearch] = useRunSearch()
  const now = useHour()
  const zoomed = zoomOf(search.from, search.to)
  const unit = zoomed ? minuteMs : hourMs
  const to = zoomed ? zoomed.to : now
  const from = zoomed ? zoomed.from : now - dayMs
  const { data } = useQuery({
    ...statsQuery({
      bucket: zoomed ? 'minute' : 'hour',
      from: new Date(from).toISOString(),
      to: new Date(to).toISOString(),
      ...(search.flow === undefined ? {} : { flow_id: search.flow }),
    }),
    placeholderData: (before) => before,
  })
  const bars = barsOf(data ?? [], from, to, unit)
  const total = bars.reduce((sum, bar) => sum + totalOf(bar), 0)
  const errors = bars.reduce((sum, { error }) => sum + error, 0)
  const zoom = (bar: Bar) =>
    setSearch({
      from: new Date(bar.from).toISOString(),
      to: new Date(bar.to).toISOString(),
      range: undefined,
      ...noRun,
    })
  return (
    <figure className={classes.figure}>
      <Bars bars={bars} onPick={zoom} />
      <figcaption className={classes.caption}>
        <span>{zoomed ? `${clockTime(new Date(from))} – ${clockTime(new Date(to))}` : 'Last 24 hours'}</span>
        <span>
          <b>{total.toLocaleString()}</b> {total === 1 ? 'run' : 'runs'}
          {errors > 0 ? (
            <span className={classes.errors}>
              {' · '}
              {errors.toLocaleString()} {errors === 1 ? 'error' : 'errors'}
            </span>
          ) : null}
        </span>
      </figcaption>
    </figure>
  )
}

/** One tab stop; arrow keys go from bar to bar. */
function Bars({ bars, onPick }: { bars: readonly Bar[]; onPick: (bar: Bar) => void }) {
  const [at, setAt] = useState(bars.length - 1)
  const current = Math.min(at, bars.length - 1)
  const svg = useRef<SVGSVGElement>(null)
  const most = Math.max(1, ...bars.map(totalOf))
  const onKeyDown = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -1, ArrowRight: 1, Home: -bars.length, End: bars.length }[event.key]
    const bar = bars[current]
    if (step !== undefined) {
      event.preventDefault()
      const next = Math.max(0, Math.min(bars.length - 1, current + step))
      setAt(next)
      svg.current?.querySelectorAll<SVGGElement>('[role="button"]')[next]?.focus()
    } else if ((event.key === 'Enter' || event.key === ' ') && bar) {
      event.preventDefault()
      onPick(bar)
    }
  }
  const width = 100 / bars.length
  return (
    // biome-ignore lint/a11y/useSemanticElements: SVG has no fieldset; the bars' keys bubble up here.
    <svg
      ref={svg}
      className={classes.svg}
      viewBox={`0 0 100 ${height}`}
      preserveAspectRatio="none"
      role="group"
      aria-label="Runs over time; press a bar to see only its runs"
      onKeyDown={onKeyDown}
    >
      {bars.map((bar, index) => (
        // biome-ignore lint/a11y/useSemanticElements: there is no button element in SVG.
        <g
          key={bar.from}
          role="button"
          tabIndex={index === current ? 0 : -1}
          aria-label={labelOf(bar)}
          className={classes.bar}
          onClick={() => onPick(bar)}
        >
          <title>{labelOf(bar)}</title>
          <rect className={classes.hit} x={index * width} y={0} width={width} height={height} />
          <Stack bar={bar} x={index * width + width * 0.12} width={width * 0.76} scale={(height - 2) / most} />
        </g>
      ))}
    </svg>
  )
}

function Stack({ bar, x, width, scale }: { bar: Bar; x: number; width: number; scale: number }) {
  const parts = [
    { kind: 'success', count: bar.success },
    { kind: 'other', count: bar.other },
    { kind: 'error', count: bar.error },
  ]
  let top = height
  return (
    <>
      <rect className={classes.base} x={x} y={height - 1.5} width={width} height={1.5} />
      {parts.map(({ kind, count }) => {
        if (count === 0) return null
        // A single error among thousands of runs must still be seen.
        const tall = Math.max(3, count * scale)
        top -= tall
        return <rect key={kind} className={classes[kind]} x={x} y={Math.max(0, top)} width={width} height={tall} />
      })}
    </>
  )
}

function labelOf(bar: Bar): string {
  const total = totalOf(bar)
  const errors = bar.error === 0 ? '' : `, ${bar.error} ${bar.error === 1 ? 'error' : 'errors'}`
  return `${clockTime(new Date(bar.from))} to ${clockTime(new Date(bar.to))}: ${total} ${total === 1 ? 'run' : 'runs'}${errors}`
}

/** Up to two hours are worth minutes; anything else keeps the day in view. */
function zoomOf(from: string | undefined, to: string | undefined): { from: number; to: number } | null {
  if (from === undefined || to === undefined) return null
  const zoom = { from: Date.parse(from), to: Date.parse(to) }
  return zoom.to > zoom.from && zoom.to - zoom.from <= 2 * hourMs ? zoom : null
}

/** The end of the hour under way: the bars stay where they are until it is over. */
function useHour(): number {
  const [hour, setHour] = useState(endOfHour)
  useEffect(() => {
    const timer = window.setTimeout(() => setHour(endOfHour()), hour - Date.now() + 1_000)
    return () => clearTimeout(timer)
  }, [hour])
  return hour
}

function endOfHour(): number {
  return Math.ceil((Date.now() + 1) / hourMs) * hourMs
}
