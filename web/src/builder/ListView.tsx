import { ActionIcon, Button, Menu } from '@mantine/core'
import { useMediaQuery } from '@mantine/hooks'
import { ArrowDown, ArrowUp, Ellipsis, Plus, Trash2 } from 'lucide-react'
import { announce } from '../components/Announcer.tsx'
import { StatusBadge } from '../components/StatusBadge.tsx'
import { durationText } from '../components/TimeAgo.tsx'
import { neighbours } from './edits.ts'
import type { Step } from './flow-document.ts'
import classes from './ListView.module.css'
import { orderedSteps } from './placing.ts'
import { StepIcon } from './StepIcon.tsx'
import { placeOf } from './StepNode.tsx'
import { type BuilderState, useBuilder, useBuilderStore } from './store.ts'

/** The flow as an ordered list: everything the canvas says and does, for phones and for ears. */
export function ListView({
  openStep,
  onOpen,
  onAdd,
}: {
  openStep: string | undefined
  onOpen: (ref: string) => void
  onAdd: () => void
}) {
  const store = useBuilderStore()
  const document = useBuilder((state) => state.document)
  const steps = orderedSteps(document.steps, document.arrows)
  const depth = depths(document.arrows, steps)
  return (
    <section className={classes.view} aria-label="List view">
      <ol className={classes.list} aria-label="Steps of this flow">
        {steps.map((step) => (
          <li key={step.ref} className={classes.item} style={{ marginInlineStart: (depth.get(step.ref) ?? 0) * 20 }}>
            <StepButton
              step={step}
              isOpen={step.ref === openStep}
              onOpen={() => {
                store.getState().select([step.ref])
                onOpen(step.ref)
              }}
            />
            <StepMenu
              step={step}
              onAdd={() => {
                store.getState().select([step.ref])
                onAdd()
              }}
            />
          </li>
        ))}
      </ol>
      <Button
        variant="default"
        leftSection={<Plus size={16} aria-hidden />}
        onClick={() => {
          store.getState().select([])
          onAdd()
        }}
      >
        Add step
      </Button>
    </section>
  )
}

function StepButton({ step, isOpen, onOpen }: { step: Step; isOpen: boolean; onOpen: () => void }) {
  const document = useBuilder((state) => state.document)
  const catalogue = useBuilder((state) => state.catalogue)
  const result = useBuilder((state) => state.results[step.ref])
  const place = placeOf(step, document, catalogue)
  const isPhone = useMediaQuery('(max-width: 900px)', window.innerWidth <= 900) ?? false
  return (
    <button
      type="button"
      className={classes.step}
      onClick={onOpen}
      aria-current={isOpen ? 'true' : undefined}
      data-step={step.ref}
    >
      <StepIcon connector={step.connector} image={catalogue.connectors.get(step.connector)?.image_url} size={34} />
      <span className={classes.words}>
        <span className={classes.title}>{catalogue.title(step)}</span>
        <span className={classes.place}>
          <code>{step.ref}</code>, {place}
        </span>
      </span>
      {result ? (
        <span className={classes.result}>
          <StatusBadge status={result.status} bare={isPhone} />
          {result.durationMs === null ? null : durationText(result.durationMs)}
        </span>
      ) : null}
    </button>
  )
}

function StepMenu({ step, onAdd }: { step: Step; onAdd: () => void }) {
  const store = useBuilderStore()
  const document = useBuilder((state) => state.document)
  const move = (by: -1 | 1) => {
    store.getState().edit({ kind: 'move_in_order', ref: step.ref, by })
    announce(`${step.ref} moved ${by === -1 ? 'up' : 'down'}`)
  }
  return (
    <Menu position="bottom-end" width={200}>
      <Menu.Target>
        <ActionIcon size="lg" aria-label={`More for ${step.ref}`}>
          <Ellipsis size={17} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown aria-label={`More for ${step.ref}`}>
        <Menu.Item leftSection={<Plus size={15} aria-hidden />} onClick={onAdd}>
          Add step after
        </Menu.Item>
        <Menu.Item
          leftSection={<ArrowUp size={15} aria-hidden />}
          disabled={!canMove(store.getState(), neighbours(document, step.ref, -1))}
          onClick={() => move(-1)}
        >
          Move up
        </Menu.Item>
        <Menu.Item
          leftSection={<ArrowDown size={15} aria-hidden />}
          disabled={!canMove(store.getState(), neighbours(document, step.ref, 1))}
          onClick={() => move(1)}
        >
          Move down
        </Menu.Item>
        <Menu.Item
          leftSection={<Trash2 size={15} aria-hidden />}
          data-danger
          onClick={() => {
            store.getState().edit({ kind: 'delete_steps', refs: [step.ref] })
            announce(`${step.ref} deleted`)
          }}
        >
          Delete
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}

/** A trigger stays first, so neither it nor what would take its place can move. */
function canMove({ document, catalogue }: BuilderState, pair: [string, string] | undefined): boolean {
  if (pair === undefined) return false
  const upper = document.steps.find(({ ref }) => ref === pair[0])
  return upper !== undefined && !catalogue.starts(upper)
}

/** How far steps are set in: branches one further than where they part. */
function depths(
  arrows: readonly { from: string; to: string; label?: string | undefined }[],
  steps: readonly Step[],
): Map<string, number> {
  const depth = new Map<string, number>()
  for (const { ref } of steps) {
    const into = arrows.filter(({ to }) => to === ref)
    const least = into.map(({ from, label }) => (depth.get(from) ?? 0) + (label === undefined ? 0 : 1))
    depth.set(ref, Math.min(4, into.length === 0 ? 0 : Math.min(...least)))
  }
  return depth
}
