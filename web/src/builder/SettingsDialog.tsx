import '@mantine/core/styles/Pill.css'
import '@mantine/core/styles/PillsInput.css'
import { Modal, NumberInput, Select, Switch, TagsInput, Textarea } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { flowsQuery } from '../flows/flow-queries.ts'
import type { FlowSettings } from './flow-document.ts'
import formClasses from './form/form.module.css'
import { useBuilder, useBuilderStore } from './store.ts'
import { TemplateField } from './template/TemplateField.tsx'

/** What holds for the flow as a whole. Everything here is part of the next save. */
export default function SettingsDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title="Flow settings"
      size={560}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Settings />
    </Modal>
  )
}

function Settings() {
  const store = useBuilderStore()
  const flowId = useBuilder((state) => state.flowId)
  const settings = useBuilder((state) => state.document.settings)
  const description = useBuilder((state) => state.document.description)
  const problems = useBuilder((state) => state.problems)
  const { data: flows } = useQuery(flowsQuery({ limit: 200 }))
  const set = (change: Partial<FlowSettings>) =>
    store.getState().edit({ kind: 'set_flow', change: {}, settings: change }, `settings ${Object.keys(change).join()}`)
  const problemAt = (name: keyof FlowSettings) =>
    problems.find(({ ref, field }) => ref === null && field.startsWith(`settings.${name}`))?.message
  return (
    <div className={formClasses.form}>
      <Textarea
        label="Description"
        autosize
        minRows={2}
        value={description}
        onChange={(event) =>
          store.getState().edit({ kind: 'set_flow', change: { description: event.currentTarget.value } }, 'description')
        }
      />
      <div data-field="settings.run_title">
        <div className={formClasses.labelLine}>
          <span className={formClasses.label}>Title of a run in the debugger</span>
        </div>
        <TemplateField
          label="Title of a run in the debugger"
          placeholder="company {{ web1.company_id }}"
          value={settings.run_title ?? ''}
          onChange={(text) => set({ run_title: text === '' ? null : text })}
        />
      </div>
      <div data-field="settings.data_retention_days">
        <NumberInput
          label="Keep runs for"
          suffix=" days"
          description="0 keeps nothing but the run’s row"
          min={0}
          max={3650}
          error={problemAt('data_retention_days')}
          value={settings.data_retention_days}
          onChange={(value) => typeof value === 'number' && set({ data_retention_days: value })}
        />
      </div>
      <div data-field="settings.log_all_steps">
        <Switch
          label="Log all step runs"
          description="Off keeps only the first step and failed ones"
          checked={settings.log_all_steps}
          onChange={(event) => set({ log_all_steps: event.currentTarget.checked })}
        />
      </div>
      <div data-field="settings.automatic_retries">
        <Switch
          label="Automatic retries"
          description="Repeat connector calls that failed for a passing reason"
          checked={settings.automatic_retries}
          onChange={(event) => set({ automatic_retries: event.currentTarget.checked })}
        />
      </div>
      <div data-field="settings.rate_limit_per_minute">
        <NumberInput
          label="Webhook requests a minute"
          placeholder="No limit"
          min={1}
          error={problemAt('rate_limit_per_minute')}
          value={settings.rate_limit_per_minute ?? ''}
          onChange={(value) => set({ rate_limit_per_minute: typeof value === 'number' ? value : null })}
        />
      </div>
      <div data-field="settings.max_concurrent_runs">
        <NumberInput
          label="Runs at the same time"
          placeholder="No limit"
          min={1}
          max={1000}
          error={problemAt('max_concurrent_runs')}
          value={settings.max_concurrent_runs ?? ''}
          onChange={(value) => set({ max_concurrent_runs: typeof value === 'number' ? value : null })}
        />
      </div>
      <div data-field="settings.order_by_key">
        <div className={formClasses.labelLine}>
          <span className={formClasses.label}>Order by key</span>
        </div>
        <TemplateField
          label="Order by key"
          placeholder="{{ web1.company_id }}"
          value={settings.order_by_key ?? ''}
          onChange={(text) => set({ order_by_key: text === '' ? null : text })}
        />
        <p className={formClasses.description}>Runs with an equal key run one after the other, in order of arrival.</p>
      </div>
      <div data-field="settings.error_flow_id">
        <Select
          label="Error handling flow"
          description="Started at every step error"
          placeholder="None"
          clearable
          searchable
          data={(flows?.data ?? [])
            .filter(({ id }) => id !== flowId)
            .map(({ id, name }) => ({ value: id, label: name }))}
          error={problemAt('error_flow_id')}
          value={settings.error_flow_id}
          onChange={(value) => set({ error_flow_id: value })}
        />
      </div>
      <div data-field="settings.error_email_recipients">
        <TagsInput
          label="Error email recipients"
          description="Told by email of runs that end in an error, every few minutes at most"
          placeholder="Add an address"
          acceptValueOnBlur
          maxTags={20}
          splitChars={[',', ';', ' ']}
          error={problemAt('error_email_recipients')}
          value={settings.error_email_recipients}
          onChange={(value) => set({ error_email_recipients: value })}
        />
      </div>
    </div>
  )
}
