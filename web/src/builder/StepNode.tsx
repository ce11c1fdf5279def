import { Handle, type NodeProps, Position } from '@xyflow/react'
import { CircleCheck, CircleMinus, CircleX, LoaderCircle, TriangleAlert } from 'lucide-react'
import { memo } from 'react'
import { isolated } from '../components/foreign-text.ts'
import { durationText } from '../components/TimeAgo.tsx'
import { branchHandle } from './canvas-nodes.ts'
import type { Catalogue } from './catalogue.ts'
import type { FlowDocument, Step } from './flow-document.ts'
import { StepIcon } from './StepIcon.tsx'
import classes from './StepNode.module.css'
import { useStepMarks } from './step-marks.ts'
import { type BuilderState, type StepResult, stepOf, useBuilder } from './store.ts'

/** A step's card. It reads its own step from the store, so that moving one card draws no other. */
export const StepNode = memo(function StepNode({ id, selected }: NodeProps) {
  const step = useBuilder((state) => stepOf(state.document, id))
  const catalogue = useBuilder((state) => state.catalogue)
  const result = useBuilder((state) => state.results[id])
  if (step === undefined) return null
  const connector = catalogue.connectors.get(step.connector)
  const branches = catalogue.branches(step)
  const labelled = branches.length > 1
  return (
    <div className={classes.card} data-selected={selected || undefined} data-result={result?.status}>
      {catalogue.starts(step) ? null : <Handle type="target" position={Position.Left} className={classes.handle} />}
      <StepIcon connector={step.connector} image={connector?.image_url} />
      <div className={classes.words}>
        <div className={classes.title} title={catalogue.title(step)}>
          {catalogue.title(step)}
        </div>
        <div className={classes.line}>
          <span className={classes.ref}>{step.ref}</span>
          <Hints step={step} />
        </div>
      </div>
      <Marks step={step} result={result} />
      <div className={classes.handles} data-many={labelled || undefined}>
        {branches.map((label) => (
          <div key={label ?? ''} className={classes.branch}>
            {labelled ? <span className={classes.label}>{label ?? 'after'}</span> : null}
            <Handle id={branchHandle(label)} type="source" position={Position.Right} className={classes.handle} />
          </div>
        ))}
      </div>
    </div>
  )
})

/** The few words on a card that tell one step from another of its kind. */
function Hints({ step }: { step: Step }) {
  const tokenOff = useBuilder((state) => !state.document.settings.webhook_token_enabled)
  if (step.connector === 'webhook') {
    const { async: isAsync, response } = step.input as { async?: boolean; response?: { status_code?: unknown } }
    return (
      <>
        <span>{isAsync ? 'async' : `sync ${String(response?.status_code ?? 200)}`}</span>
        {tokenOff ? <span className={classes.warning}>no token</span> : null}
      </>
    )
  }
  const hint = step.input.method ?? step.input.comparison
  return typeof hint === 'string' && !hint.includes('{') ? <span>{hint.replaceAll('_', ' ')}</span> : null
}

function Marks({ step, result }: { step: Step; result: StepResult | undefined }) {
  const { changed, problem } = useStepMarks(step.ref)
  return (
    <div className={classes.marks}>
      {changed ? <span className={classes.dot} title="Not saved yet" /> : null}
      {problem ? <TriangleAlert size={15} className={classes.problem} aria-label={problem} /> : null}
      {result ? <ResultMark result={result} /> : null}
    </div>
  )
}

const resultIcons = {
  success: CircleCheck,
  error: CircleX,
  skipped: CircleMinus,
  retrying: LoaderCircle,
  waiting: LoaderCircle,
  running: LoaderCircle,
} as const

function ResultMark({ result }: { result: StepResult }) {
  const Icon = resultIcons[result.status]
  const took = result.durationMs === null ? '' : durationText(result.durationMs)
  return (
    <span className={classes.result} data-status={result.status} title={result.error ?? undefined}>
      <Icon size={15} aria-label={result.status} />
      {took}
      {result.error ? <span className={classes.error}>{result.error.split('\n')[0]}</span> : null}
    </span>
  )
}

/** What a card is called by screen readers: name, ref, where it stands and how it fared. */
export function stepLabel(
  step: Step,
  document: FlowDocument,
  { catalogue, results }: Pick<BuilderState, 'catalogue' | 'results'>,
): string {
  const result = results[step.ref]
  const fared =
    result === undefined ? '' : `, ${result.status}${result.error ? `: ${result.error.split('\n')[0]}` : ''}`
  return `${catalogue.title(step)} ${step.ref}, ${placeOf(step, document, catalogue)}${fared}`
}

/** Where a step stands in its flow, in words: "after if1 (false)". */
export function placeOf(step: Step, document: FlowDocument, catalogue: Catalogue): string {
  const into = document.arrows.filter(({ to }) => to === step.ref)
  if (into.length === 0) return catalogue.starts(step) ? 'first step' : 'not connected'
  return `after ${into.map(({ from, label }) => (label === undefined ? from : `${from} (${isolated(label)})`)).join(', ')}`
}
