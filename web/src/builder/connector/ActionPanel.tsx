import { Tabs } from '@mantine/core'
import { useMemo } from 'react'
import { type ActionJson, formOf, triggerAction, triggerOf } from '../catalogue.ts'
import { DataTree } from '../DataTree.tsx'
import type { Step } from '../flow-document.ts'
import { VendorContext } from '../form/Find.tsx'
import { SettingsForm } from '../form/SettingsForm.tsx'
import { type FieldSchema, isTemplate, keepFitting } from '../form/schema.ts'
import { LastRunTab } from '../LastRunTab.tsx'
import classes from '../panel.module.css'
import { StepOptions } from '../StepOptions.tsx'
import type { PanelProps } from '../StepPanel.tsx'
import { problemsAt, stepOf, useBuilder, useBuilderStore } from '../store.ts'
import { TestBar } from '../TestBar.tsx'
import { useStepInput } from '../use-step-input.ts'
import { ActionField } from './ActionField.tsx'
import { AuthField } from './AuthField.tsx'
import { TriggerPanel } from './TriggerPanel.tsx'

/** The panel of any action: login, action, and the form that its schema describes, with the data beside it. */
export default function ActionPanel({ stepRef, tab, onTab }: PanelProps) {
  const step = useBuilder((state) => stepOf(state.document, stepRef))
  if (step === undefined) return null
  return (
    <Tabs
      value={tab ?? 'setup'}
      onChange={(next) => onTab(next ?? 'setup')}
      keepMounted={false}
      className={classes.tabs}
    >
      <Tabs.List className={classes.tabList}>
        <Tabs.Tab value="setup">Setup</Tabs.Tab>
        <Tabs.Tab value="last">Last run</Tabs.Tab>
        <Tabs.Tab value="options">Options</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="setup">
        <Setup step={step} />
      </Tabs.Panel>
      <Tabs.Panel value="last">
        <LastRunTab stepRef={stepRef} />
      </Tabs.Panel>
      <Tabs.Panel value="options">
        <StepOptions stepRef={stepRef} />
      </Tabs.Panel>
      {step.action === triggerAction ? null : <TestBar step={step} />}
    </Tabs>
  )
}

function Setup({ step }: { step: Step }) {
  const store = useBuilderStore()
  const catalogue = useBuilder((state) => state.catalogue)
  const problems = useBuilder((state) => state.problems)
  const { input, set } = useStepInput(step.ref)
  const connector = catalogue.connectors.get(step.connector)
  const isTrigger = step.action === triggerAction
  const action = catalogue.action(step)
  const triggerForm = connector && (triggerOf(connector)?.form as FieldSchema | undefined)
  const schema = isTrigger ? triggerForm : formOf(action)
  const serverProblems = useMemo(() => problemsAt(problems, step.ref), [problems, step.ref])
  const auth = step.auth != null && !isTemplate(step.auth) ? step.auth : null
  const vendor = useMemo(
    () =>
      connector?.search_config
        ? {
            connector: connector.name,
            title: connector.title,
            auth,
            needsAuth: Object.keys(connector.auth_config ?? {}).length > 0,
          }
        : null,
    [connector, auth],
  )
  const choose = (name: string) => {
    const next = connector?.actions.find((each) => each.name === name)
    const form = name === triggerAction ? triggerForm : formOf(next)
    store.getState().edit({
      kind: 'set_step',
      ref: step.ref,
      change: { action: name, input: keepFitting(input, schema, form) },
    })
  }
  if (connector === undefined) {
    return (
      <div className={classes.sections}>
        <p className={classes.danger} role="alert">
          There is no connector “{step.connector}” on this server any more.
        </p>
      </div>
    )
  }
  const hasChoice = connector.contype === 'connector' || connector.actions.length > 1
  return (
    <div className={classes.sections}>
      <AuthField step={step} connector={connector} />
      {hasChoice ? <ActionField step={step} connector={connector} onChoose={choose} /> : null}
      <ActionNote action={action} />
      {isTrigger ? <TriggerPanel step={step} connector={connector} /> : null}
      {schema ? (
        <VendorContext value={vendor}>
          <SettingsForm
            key={step.action}
            schema={schema}
            values={input}
            onChange={set}
            serverProblems={serverProblems}
          />
        </VendorContext>
      ) : null}
      {isTrigger ? null : <DataTree height={220} />}
    </div>
  )
}

function ActionNote({ action }: { action: ActionJson | undefined }) {
  const text = action?.summary ?? action?.description
  return text ? <p className={classes.note}>{text}</p> : null
}
