import { ActionIcon, Tooltip } from '@mantine/core'
import { Trash2, X } from 'lucide-react'
import { type ComponentType, type KeyboardEvent, lazy, Suspense, useMemo, useRef, useState } from 'react'
import { announce } from '../components/Announcer.tsx'
import { CrashGuard } from '../components/CrashGuard.tsx'
import { Loading } from '../shell/root-route.tsx'
import type { Step } from './flow-document.ts'
import { preloadLastRun } from './LastRunTab.tsx'
import classes from './panel.module.css'
import { renameRef } from './rename-ref.ts'
import { StepIcon } from './StepIcon.tsx'
import { useScopeOf } from './samples.ts'
import { stepOf, useBuilder, useBuilderStore } from './store.ts'
import { type Insert, InsertContext, ScopeContext } from './template/template-context.ts'

export interface PanelProps {
  stepRef: string
  tab: string | undefined
  onTab: (tab: string) => void
}

const loadWebhookPanel = () => import('./webhook/WebhookPanel.tsx')
const loadActionPanel = () => import('./connector/ActionPanel.tsx')

/** Helpers that need more than a form; everything else is drawn from its schema. */
const ownPanels: Record<string, ComponentType<PanelProps>> = { webhook: lazy(loadWebhookPanel) }

const ActionPanel = lazy(loadActionPanel)

/** Fetched while the builder rests, so that the first panel opens at once. */
export function preloadPanels(): void {
  void loadWebhookPanel()
  void loadActionPanel()
  preloadLastRun()
}

interface StepPanelProps extends PanelProps {
  onClose: () => void
  /** The step was renamed: its panel stays open under the new name. */
  onRenamed: (ref: string) => void
}

/** The side panel of the open step: the same icon, name and reference id as its card, and its settings. */
export function StepPanel({ stepRef, tab, onTab, onClose, onRenamed }: StepPanelProps) {
  const store = useBuilderStore()
  const step = useBuilder((state) => stepOf(state.document, stepRef))
  const scope = useScopeOf(stepRef)
  const insert = useRef<Insert | null>(null)
  const target = useMemo(() => insert, [])
  if (step === undefined) return null
  const Panel = ownPanels[step.connector] ?? ActionPanel
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || event.defaultPrevented) return
    event.stopPropagation()
    onClose()
  }
  return (
    <aside className={classes.panel} aria-label={`Step ${stepRef}`} onKeyDown={onKeyDown} data-testid="step-panel">
      <Head
        key={stepRef}
        step={step}
        onClose={onClose}
        onRenamed={onRenamed}
        onDelete={() => {
          store.getState().edit({ kind: 'delete_steps', refs: [stepRef] })
          announce(`${stepRef} deleted`)
          onClose()
        }}
      />
      <div className={classes.body}>
        <CrashGuard part="panel" resetKey={stepRef}>
          <InsertContext value={target}>
            <ScopeContext value={scope}>
              <Suspense fallback={<Loading />}>
                <Panel key={stepRef} stepRef={stepRef} tab={tab} onTab={onTab} />
              </Suspense>
            </ScopeContext>
          </InsertContext>
        </CrashGuard>
      </div>
    </aside>
  )
}

function Head({
  step,
  onClose,
  onRenamed,
  onDelete,
}: {
  step: Step
  onClose: () => void
  onRenamed: (ref: string) => void
  onDelete: () => void
}) {
  const store = useBuilderStore()
  const catalogue = useBuilder((state) => state.catalogue)
  return (
    <header className={classes.head}>
      <StepIcon connector={step.connector} image={catalogue.connectors.get(step.connector)?.image_url} size={38} />
      <div className={classes.names}>
        <textarea
          className={classes.titleInput}
          aria-label="Name of the step"
          rows={1}
          value={step.title ?? ''}
          placeholder={catalogue.title({ ...step, title: '' })}
          maxLength={255}
          onKeyDown={(event) => {
            if (event.key === 'Enter') event.preventDefault()
          }}
          onChange={(event) => {
            const title = event.currentTarget.value.replaceAll(/\s*\n\s*/g, ' ')
            store
              .getState()
              .edit(
                { kind: 'set_step', ref: step.ref, change: { title: title === '' ? undefined : title } },
                `title ${step.ref}`,
              )
          }}
        />
        <RefField step={step} onRenamed={onRenamed} />
      </div>
      <Tooltip label="Delete step">
        <ActionIcon size="lg" onClick={onDelete} aria-label="Delete step">
          <Trash2 size={17} aria-hidden />
        </ActionIcon>
      </Tooltip>
      <Tooltip label="Close, Esc">
        <ActionIcon size="lg" onClick={onClose} aria-label="Close panel">
          <X size={18} aria-hidden />
        </ActionIcon>
      </Tooltip>
    </header>
  )
}

/** The reference id. Renaming rewrites every template that speaks of the step, and says how many. */
function RefField({ step, onRenamed }: { step: Step; onRenamed: (ref: string) => void }) {
  const store = useBuilderStore()
  const [text, setText] = useState(step.ref)
  const [problem, setProblem] = useState<string | undefined>()
  const commit = () => {
    const to = text.trim()
    if (to === step.ref) return setProblem(undefined)
    const { places } = renameRef(store.getState().document, step.ref, to)
    const refused = store.getState().edit({ kind: 'rename_step', ref: step.ref, to })
    setProblem(refused)
    if (refused !== undefined) return
    store.getState().select([to])
    announce(`${step.ref} is now ${to}: ${places === 1 ? '1 place' : `${places} places`} changed`)
    onRenamed(to)
  }
  return (
    <div className={classes.refLine}>
      <input
        className={classes.refInput}
        aria-label="Reference id"
        aria-invalid={problem !== undefined}
        aria-describedby="ref-problem"
        value={text}
        spellCheck={false}
        onChange={(event) => {
          setText(event.currentTarget.value)
          setProblem(undefined)
        }}
        onBlur={commit}
        onKeyDown={(event) => {
          if (event.key === 'Enter') commit()
          if (event.key === 'Escape' && text !== step.ref) {
            event.stopPropagation()
            setText(step.ref)
            setProblem(undefined)
          }
        }}
      />
      <span id="ref-problem" className={classes.refProblem} role={problem ? 'alert' : undefined}>
        {problem}
      </span>
    </div>
  )
}
