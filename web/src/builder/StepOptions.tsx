import { ActionIcon, Select, Switch, TextInput } from '@mantine/core'
import { ArrowRight, X } from 'lucide-react'
import { useState } from 'react'
import { announce } from '../components/Announcer.tsx'
import { arrowOf, branchHandle, edgeId } from './canvas-nodes.ts'
import { makeArrow } from './edits.ts'
import type { Arrow, Step } from './flow-document.ts'
import classes from './panel.module.css'
import { stepOf, useBuilder, useBuilderStore } from './store.ts'

const errorHandlings = [
  { value: 'terminate', label: 'End the run with an error' },
  { value: 'continue', label: 'Continue the flow' },
  { value: 'skip_iteration', label: 'Skip this pass of the loop' },
  { value: 'break_loop', label: 'Leave the loop' },
  { value: 'break_all_loops', label: 'Leave all loops' },
]

/** What every step has: its arrows, and what happens when it fails. */
export function StepOptions({ stepRef }: { stepRef: string }) {
  const store = useBuilderStore()
  const step = useBuilder((state) => stepOf(state.document, stepRef))
  if (step === undefined) return null
  const set = (change: Partial<Omit<Step, 'ref'>>) => store.getState().edit({ kind: 'set_step', ref: stepRef, change })
  return (
    <div className={classes.sections}>
      <section className={classes.section}>
        <h3 className={classes.heading}>Arrows from here</h3>
        <Arrows step={step} />
      </section>
      <section className={classes.section}>
        <h3 className={classes.heading}>When this step fails</h3>
        <Select
          aria-label="When this step fails"
          data={errorHandlings}
          value={step.on_error}
          allowDeselect={false}
          onChange={(value) => value && set({ on_error: value as Step['on_error'] })}
        />
        <Switch
          label="Start the error handling flow"
          description="If the flow’s settings name one."
          checked={step.run_error_flow}
          onChange={(event) => set({ run_error_flow: event.currentTarget.checked })}
        />
      </section>
    </div>
  )
}

/** Everything the canvas can do with arrows, for keyboards and fingers. */
function Arrows({ step }: { step: Step }) {
  const store = useBuilderStore()
  const catalogue = useBuilder((state) => state.catalogue)
  const document = useBuilder((state) => state.document)
  const arrows = document.arrows.filter(({ from }) => from === step.ref)
  return (
    <>
      {arrows.map((arrow) => (
        <div key={edgeId(arrow)} className={classes.inline}>
          <BranchField step={step} arrow={arrow} />
          <ArrowRight size={15} aria-hidden />
          <span>
            {catalogue.title(stepOf(document, arrow.to) ?? step)} <code>{arrow.to}</code>
          </span>
          <ActionIcon
            onClick={() => {
              store.getState().edit({ kind: 'disconnect', arrow })
              announce(`Arrow to ${arrow.to} deleted`)
            }}
            aria-label={`Delete the arrow to ${arrow.to}`}
          >
            <X size={15} aria-hidden />
          </ActionIcon>
        </div>
      ))}
      {arrows.length === 0 ? <p className={classes.note}>Nothing follows this step yet.</p> : null}
      <NewArrow step={step} />
    </>
  )
}

function BranchField({ step, arrow }: { step: Step; arrow: Arrow }) {
  const store = useBuilderStore()
  const catalogue = useBuilder((state) => state.catalogue)
  const branches = catalogue.branches(step)
  const relabel = (label: string | undefined) => store.getState().edit({ kind: 'label_arrow', arrow, label })
  if (catalogue.hasFreeLabels(step)) {
    return (
      <TextInput
        aria-label={`Case of the arrow to ${arrow.to}`}
        defaultValue={arrow.label ?? ''}
        placeholder="default"
        w={130}
        onBlur={(event) => {
          if (event.currentTarget.value !== (arrow.label ?? '')) relabel(event.currentTarget.value || undefined)
        }}
      />
    )
  }
  if (branches.length < 2) return null
  return (
    <Select
      aria-label={`Branch of the arrow to ${arrow.to}`}
      w={130}
      allowDeselect={false}
      value={branchHandle(arrow.label)}
      data={branches.map((label) => ({ value: branchHandle(label), label: label ?? 'after' }))}
      onChange={(value) => relabel(arrowOf('', '', value).label)}
    />
  )
}

function NewArrow({ step }: { step: Step }) {
  const store = useBuilderStore()
  const steps = useBuilder((state) => state.document.steps)
  const catalogue = useBuilder((state) => state.catalogue)
  const [problem, setProblem] = useState<string | undefined>()
  const targets = steps.filter((each) => each.ref !== step.ref && !catalogue.starts(each))
  if (targets.length === 0) return null
  return (
    <Select
      aria-label="Connect to"
      placeholder="Connect to…"
      data={targets.map((each) => ({ value: each.ref, label: `${catalogue.title(each)} ${each.ref}` }))}
      value={null}
      error={problem}
      searchable
      onChange={(to) => {
        if (to === null) return
        const [first] = catalogue.branches(step)
        const label = catalogue.hasFreeLabels(step) ? 'default' : first
        const refused = store.getState().edit({ kind: 'connect', arrow: makeArrow(step.ref, to, label) })
        setProblem(refused)
        announce(refused ?? `${step.ref} now leads to ${to}`)
      }}
    />
  )
}
