import { Braces } from 'lucide-react'
import { useState } from 'react'
import type { ConnectorJson } from '../catalogue.ts'
import type { Step } from '../flow-document.ts'
import formClasses from '../form/form.module.css'
import { isTemplate } from '../form/schema.ts'
import { useBuilderStore } from '../store.ts'
import { TemplateField } from '../template/TemplateField.tsx'
import { AuthPicker } from './AuthPicker.tsx'

/** Helpers that call outside with a login of the account's. */
const helpersWithAuth: ReadonlySet<string> = new Set(['http'])

/** Which stored login the step uses: one of the list, a new one, or an id that a template yields. */
export function AuthField({ step, connector }: { step: Step; connector: ConnectorJson }) {
  const store = useBuilderStore()
  const [isDynamic, setDynamic] = useState(isTemplate(step.auth ?? undefined))
  const types = Object.keys(connector.auth_config ?? {})
  if (types.length === 0 && !helpersWithAuth.has(connector.name)) return null
  const set = (auth: string | null) =>
    store.getState().edit({ kind: 'set_step', ref: step.ref, change: { auth } }, `auth ${step.ref}`)
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
        <AuthPicker connector={connector} value={step.auth ?? null} onChange={set} />
      )}
    </div>
  )
}
