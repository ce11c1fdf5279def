import { Button } from '@mantine/core'
import { announce } from '../../components/Announcer.tsx'
import { type ConnectorJson, triggerAction, triggerOf } from '../catalogue.ts'
import type { Step } from '../flow-document.ts'
import { useBuilder, useBuilderStore } from '../store.ts'
import { ActionPicker } from './ActionPicker.tsx'
import classes from './connector.module.css'

/** Which action the step does. Typing `trigger` offers the connector's own webhook first. */
export function ActionField({
  step,
  connector,
  onChoose,
}: {
  step: Step
  connector: ConnectorJson
  onChoose: (action: string) => void
}) {
  const document = useBuilder((state) => state.document)
  const catalogue = useBuilder((state) => state.catalogue)
  const isFirst = !document.arrows.some(({ to }) => to === step.ref)
  const hasOtherTrigger = document.steps.some((each) => each.ref !== step.ref && catalogue.starts(each))
  const current = step.action === triggerAction ? 'Trigger by Webhook' : catalogue.action(step)?.title
  const refusal = hasOtherTrigger
    ? 'The flow already has a trigger'
    : isFirst
      ? undefined
      : 'A trigger must be the first step'
  return (
    <div>
      <ActionPicker
        connector={connector}
        value={step.action}
        title={current ?? step.action}
        triggerRefusal={refusal}
        onChoose={onChoose}
      />
      {refusal !== undefined && !hasOtherTrigger && triggerOf(connector) ? (
        <MoveToStart step={step} onMoved={() => onChoose(triggerAction)} />
      ) : null}
    </div>
  )
}

/** Takes the step out of its place and puts it before the first one. */
function MoveToStart({ step, onMoved }: { step: Step; onMoved: () => void }) {
  const store = useBuilderStore()
  const move = () => {
    const { edit } = store.getState()
    edit({ kind: 'delete_steps', refs: [step.ref] })
    edit({ kind: 'add_step', step: { ...step, action: triggerAction }, place: { at: 'start' } })
    announce(`${step.ref} is now the first step`)
    onMoved()
  }
  return (
    <div className={classes.move}>
      <span>Trigger by Webhook: a trigger must be the first step.</span>
      <Button size="compact-xs" variant="light" onClick={move}>
        Move to start
      </Button>
    </div>
  )
}
