import { useMemo, useRef } from 'react'
import type { Step } from '../../../src/flow/flow.ts'
import { Foreign } from '../components/Foreign.tsx'
import { StatusBadge } from '../components/StatusBadge.tsx'
import { durationText } from '../components/TimeAgo.tsx'
import type { StepJson } from './run-queries.ts'
import { useStepTitles } from './step-titles.ts'
import { useWindow } from './use-window.ts'
import classes from './Waterfall.module.css'
import type { Line } from './waterfall.ts'

const rowHeight = 34
/** Up to here all lines are in the page, so that the browser's own search finds them. */
const maxPlainLines = 100

interface WaterfallProps {
  lines: readonly Line[]
  chosen: number | undefined
  choose: (step: StepJson) => void
  flowSteps: readonly Step[]
}

/** The steps over time: a bar for each attempt, in the order in which they ended. */
export function Waterfall({ lines, chosen, choose, flowSteps }: WaterfallProps) {
  const box = useRef<HTMLDivElement>(null)
  const titles = useStepTitles(flowSteps)
  const part = useWindow(box, lines.length, rowHeight)
  const { first, end } = lines.length > maxPlainLines ? part : { first: 0, end: lines.length }
  const shown = useMemo(() => lines.slice(first, end), [lines, first, end])
  return (
    <div ref={box} className={classes.box}>
      <ol
        className={classes.list}
        aria-label="Steps of this run"
        style={{ paddingTop: first * rowHeight, paddingBottom: (lines.length - end) * rowHeight }}
      >
        {shown.map((line, index) => (
          <li key={line.key} aria-setsize={lines.length} aria-posinset={first + index + 1}>
            <Row
              line={line}
              title={titles(line.ref)}
              isChosen={line.step !== null && line.step.seq === chosen}
              choose={choose}
            />
          </li>
        ))}
      </ol>
    </div>
  )
}

function Row({
  line,
  title,
  isChosen,
  choose,
}: {
  line: Line
  title: string
  isChosen: boolean
  choose: (step: StepJson) => void
}) {
  const { step, status, durationMs } = line
  const words = (
    <>
      <span className={classes.status}>
        <StatusBadge status={status} bare />
      </span>
      <span className={classes.name} style={{ paddingInlineStart: line.depth * 14 }}>
        <Foreign className={classes.title} title={title}>
          {title}
        </Foreign>
        <code className={classes.ref}>{line.ref}</code>
        {line.note === '' ? null : <span className={classes.note}>{line.note}</span>}
      </span>
      <span className={classes.track} aria-hidden>
        {step === null ? null : (
          <span
            className={classes.bar}
            data-status={status}
            style={{ insetInlineStart: `${line.from * 100}%`, width: `${Math.max(0.4, (line.to - line.from) * 100)}%` }}
          />
        )}
      </span>
      <span className={classes.duration}>{durationMs === null ? '' : durationText(durationMs)}</span>
    </>
  )
  if (step === null) return <div className={classes.row}>{words}</div>
  return (
    <button
      type="button"
      className={classes.row}
      aria-current={isChosen ? 'step' : undefined}
      data-step={step.ref}
      onClick={() => choose(step)}
    >
      {words}
    </button>
  )
}
