import { Button, Combobox, TextInput, useCombobox } from '@mantine/core'
import { Zap } from 'lucide-react'
import { useEffect, useState } from 'react'
import { announce } from '../../components/Announcer.tsx'
import { type ConnectorJson, triggerAction } from '../catalogue.ts'
import type { Step } from '../flow-document.ts'
import { useBuilder, useBuilderStore } from '../store.ts'
import classes from './connector.module.css'
import { findActions } from './find-actions.ts'

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
  const combobox = useCombobox({ onDropdownClose: () => combobox.resetSelectedOption() })
  const [search, setSearch] = useState<string | null>(null)
  const { selectFirstOption } = combobox
  useEffect(() => {
    // Once the list shows what matches: Enter then takes the first.
    if (search !== null) selectFirstOption()
  }, [search, selectFirstOption])
  const isFirst = !document.arrows.some(({ to }) => to === step.ref)
  const hasOtherTrigger = document.steps.some((each) => each.ref !== step.ref && catalogue.starts(each))
  const current = step.action === triggerAction ? 'Trigger by Webhook' : catalogue.action(step)?.title
  const found = findActions(connector, search ?? '')
  const refusal = hasOtherTrigger
    ? 'The flow already has a trigger'
    : isFirst
      ? undefined
      : 'A trigger must be the first step'

  return (
    <div>
      <Combobox
        store={combobox}
        shadow="md"
        onOptionSubmit={(name) => {
          onChoose(name)
          setSearch(null)
          combobox.closeDropdown()
        }}
      >
        <Combobox.Target>
          <TextInput
            label="Action"
            value={search ?? current ?? step.action}
            onChange={(event) => {
              setSearch(event.currentTarget.value)
              combobox.openDropdown()
            }}
            onFocus={(event) => {
              event.currentTarget.select()
              combobox.openDropdown()
            }}
            onClick={() => combobox.openDropdown()}
            onBlur={() => {
              combobox.closeDropdown()
              setSearch(null)
            }}
            spellCheck={false}
          />
        </Combobox.Target>
        <Combobox.Dropdown>
          <Combobox.Options aria-label="Actions" mah={320} className={classes.options ?? ''}>
            {found.map(({ name, title, summary }) => {
              const isTrigger = name === triggerAction
              const refused = isTrigger ? refusal : undefined
              return (
                <Combobox.Option key={name} value={name} disabled={refused !== undefined} active={name === step.action}>
                  <span className={classes.option}>
                    {isTrigger ? <Zap size={15} aria-hidden /> : null}
                    <span>
                      {title}
                      <span className={classes.summary}>{refused ?? summary}</span>
                    </span>
                  </span>
                </Combobox.Option>
              )
            })}
            {found.length === 0 ? <Combobox.Empty>No action called “{search}”</Combobox.Empty> : null}
          </Combobox.Options>
        </Combobox.Dropdown>
      </Combobox>
      {refusal !== undefined && !hasOtherTrigger && connector.webhook_trigger ? (
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
