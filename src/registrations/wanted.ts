import { type Connector, eventNames, triggerAction } from '../connectors/connector.ts'
import { compileValue } from '../engine/render.ts'
import { StepError } from '../engine/step-error.ts'
import type { Flow, Step } from '../flow/flow.ts'
import { firstSteps } from '../flow/graph.ts'
import type { JsonObject } from '../flow/json.ts'
import { TemplateError } from '../jinja/template.ts'
import { formValues } from '../steps/form-values.ts'
import { digest, placeOf } from './registration.ts'

/** A webhook, or a set-up by a lifecycle flow, that a flow wants to be there. */
export interface Wanted {
  accountId: string
  flowId: string
  flowName: string
  ref: string
  slot: string
  kind: 'webhook' | 'lifecycle'
  connector: Connector
  action: string
  authId: string | null
  events: string[]
  form: JsonObject
  place: string
  baseUrl: string
  /** Of everything the vendor is told but the address: another hash is another webhook. */
  hash: string
  /** Whether the address itself must be what tells our vendor from others. */
  needsPath: boolean
  /** Hash of the flow token, where the vendor is given it. */
  tokenHash: string | null
  /** Why nothing can be registered yet, in words for the user. */
  missing: string | null
}

/** Everything that a flow's wishes depend on. */
export interface WantedFacts {
  flow: Flow
  connectors: ReadonlyMap<string, Connector>
  /** Account's env variables: a form may name them. */
  variables: JsonObject
  tokenHash: string | null
  publicUrl: string
  now(): Date
}

/** What the flow wants to be there now; nothing for one that is paused. */
export function wantedOf(facts: WantedFacts): Wanted[] {
  const { flow, connectors } = facts
  if (flow.status === 'paused') return []
  const [first] = firstSteps(flow.steps, flow.arrows)
  const webhooks = first?.action === triggerAction ? webhooksOf(first, facts) : []
  const lifecycles = flow.steps.flatMap((step) => {
    const action = connectors.get(step.connector)?.actions.find(({ name }) => name === step.action)
    return action?.pre_save_flow === undefined && action?.on_delete_flow === undefined ? [] : [lifecycleOf(step, facts)]
  })
  return [...webhooks, ...lifecycles]
}

function webhooksOf(step: Step, facts: WantedFacts): Wanted[] {
  const connector = facts.connectors.get(step.connector)
  const trigger = connector?.webhook_trigger
  if (connector === undefined || trigger === undefined) return []
  const { events: chosen, ...form } = formValues(trigger.form ?? {}, rendered(step, facts))
  const declared = eventNames(trigger)
  const events = Array.isArray(chosen) && chosen.length > 0 ? chosen.map(String) : declared
  const slots = trigger.per_event ? events : ['']
  const token = tellsToken(connector) ? facts.tokenHash : null
  const provesItself = trigger.signature !== undefined || (trigger.sends_header && token !== null)
  const missing = missingFor(step, connector)
  return slots.map((slot) => {
    const its = slot === '' ? events : [slot]
    return {
      ...common(step, facts, connector, form),
      slot,
      kind: 'webhook',
      events: its,
      hash: digest([connector.name, step.auth ?? null, its, form, token]),
      // Several at one address could not be told apart in the vendor's list.
      needsPath: trigger.setup === 'automatic' && (!provesItself || slots.length > 1),
      tokenHash: token,
      missing,
    }
  })
}

/** Lifecycle flows are set up once for each step, and again when its form or auth changes. */
function lifecycleOf(step: Step, facts: WantedFacts): Wanted {
  const connector = facts.connectors.get(step.connector)!
  const form = rendered(step, facts)
  return {
    ...common(step, facts, connector, form),
    slot: step.ref,
    kind: 'lifecycle',
    events: [],
    hash: digest([connector.name, step.action, step.auth ?? null, form, facts.tokenHash]),
    // Whether the vendor can send a header only the flow's author knows; without a token the address is the secret.
    needsPath: step.action === triggerAction && facts.tokenHash === null,
    tokenHash: facts.tokenHash,
    missing: null,
  }
}

function common(step: Step, { flow, publicUrl }: WantedFacts, connector: Connector, form: JsonObject) {
  const authId = (step.auth ?? '') === '' ? null : step.auth!
  return {
    accountId: flow.accountId,
    flowId: flow.id,
    flowName: flow.name,
    ref: step.ref,
    connector,
    action: step.action,
    authId,
    form,
    place: placeOf(connector.name, authId, form, connector.webhook_trigger?.single),
    baseUrl: publicUrl,
  }
}

function missingFor(step: Step, connector: Connector): string | null {
  const needsAuth = Object.keys(connector.auth_config).length > 0 && connector.webhook_trigger?.setup === 'automatic'
  if ((step.auth ?? '') !== '') {
    return /^[0-9a-f-]{36}$/i.test(step.auth!)
      ? null
      : 'a trigger needs a fixed connector auth: choose one from the list'
  }
  return needsAuth ? 'choose a connector auth' : null
}

/** Whether a change of the flow's token must be told to the vendor. */
function tellsToken({ webhook_trigger: trigger }: Connector): boolean {
  return (
    trigger !== undefined &&
    (trigger.sends_header || JSON.stringify([trigger.create, trigger.update]).includes('webhook_token'))
  )
}

/**
 * The form with the account's variables in it. There is no run yet that could yield anything else: a field that needs one
 * stays as it was written.
 */
function rendered(step: Step, { variables, now }: WantedFacts): JsonObject {
  return Object.fromEntries(
    Object.entries(step.input).map(([field, value]) => {
      try {
        return [field, compileValue(value, `input.${field}`).render(variables, now)]
      } catch (error) {
        if (!(error instanceof StepError) && !(error instanceof TemplateError)) throw error
        return [field, value]
      }
    }),
  )
}
