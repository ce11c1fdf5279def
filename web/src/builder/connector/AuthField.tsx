import { Button, Select } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Braces, CircleCheck, CircleX, Plus } from 'lucide-react'
import { useState } from 'react'
import { TimeAgo } from '../../components/TimeAgo.tsx'
import type { ConnectorJson } from '../catalogue.ts'
import type { Step } from '../flow-document.ts'
import formClasses from '../form/form.module.css'
import { isTemplate } from '../form/schema.ts'
import { useBuilderStore } from '../store.ts'
import { TemplateField } from '../template/TemplateField.tsx'
import { authsQuery } from './auth-queries.ts'
import classes from './connector.module.css'
import { NewAuthDialog } from './NewAuthDialog.tsx'

/** Helpers that call outside with a login of the account's. */
const helpersWithAuth: ReadonlySet<string> = new Set(['http'])

/** Which stored login the step uses: one of the list, a new one, or an id that a template yields. */
export function AuthField({ step, connector }: { step: Step; connector: ConnectorJson }) {
  const store = useBuilderStore()
  const { data: auths = [] } = useQuery(authsQuery(connector.name))
  const [isDynamic, setDynamic] = useState(isTemplate(step.auth ?? undefined))
  const [creating, setCreating] = useState(false)
  const types = Object.keys(connector.auth_config ?? {})
  if (types.length === 0 && !helpersWithAuth.has(connector.name)) return null
  const set = (auth: string | null) =>
    store.getState().edit({ kind: 'set_step', ref: step.ref, change: { auth } }, `auth ${step.ref}`)
  const chosen = auths.find(({ id }) => id === step.auth)
  return (
    <div data-field="auth">
      <div className={formClasses.labelLine}>
        <span className={formClasses.label}>{isDynamic ? 'Dynamic Authentication ID' : 'Connector auth'}</span>
        <button
          type="button"
          className={formClasses.expression}
          aria-pressed={isDynamic}
          onClick={() => {
            setDynamic(!isDynamic)
            set(null)
          }}
        >
          <Braces size={12} aria-hidden /> Use expression
        </button>
      </div>
      {isDynamic ? (
        <TemplateField
          label="Dynamic Authentication ID"
          value={step.auth ?? ''}
          placeholder="{{ connectorAuth }}"
          onChange={(text) => set(text === '' ? null : text)}
        />
      ) : (
        <div className={classes.authRow}>
          <Select
            aria-label="Connector auth"
            placeholder={auths.length === 0 ? 'None yet' : 'Choose…'}
            data={auths.map(({ id, name }) => ({ value: id, label: name }))}
            value={step.auth ?? null}
            clearable
            onChange={set}
          />
          <Button variant="default" leftSection={<Plus size={15} aria-hidden />} onClick={() => setCreating(true)}>
            New
          </Button>
        </div>
      )}
      {chosen?.check ? (
        <span className={classes.check} data-ok={chosen.check.ok}>
          {chosen.check.ok ? <CircleCheck size={14} aria-hidden /> : <CircleX size={14} aria-hidden />}
          {chosen.check.ok ? 'works' : chosen.check.message} · checked <TimeAgo at={chosen.check.at} />
        </span>
      ) : null}
      <NewAuthDialog
        opened={creating}
        onClose={() => setCreating(false)}
        connector={connector}
        onCreated={(id) => {
          setCreating(false)
          set(id)
        }}
      />
    </div>
  )
}
