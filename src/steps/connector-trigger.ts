import {
  type Connector,
  type ConnectorAction,
  eventNames,
  triggerAction,
  type WebhookTrigger,
} from '../connectors/connector.ts'
import { oneWay, type StepKind } from '../engine/step-kind.ts'
import type { JsonObject } from '../flow/json.ts'
import { formProblems } from './form-values.ts'

/** *Trigger by Webhook* of a connector: starts a flow with what the vendor sends. Registering it is not its business. */
export function connectorTrigger(connector: Connector, trigger: WebhookTrigger): StepKind {
  const form = triggerForm(trigger)
  return {
    connector: connector.name,
    action: triggerAction,
    title: 'Trigger by Webhook',
    summary: `Starts the flow when ${connector.title} reports an event.`,
    refPrefix: 'con',
    form,
    starts: true,
    effect: 'none',
    retries: false,
    loops: false,
    items: () => [],
    branches: oneWay,
    unrendered: [],
    // Where the user sets it up by hand, Hookline calls nobody.
    needsAuth: trigger.setup === 'automatic' && Object.keys(connector.auth_config).length > 0,
    blocked: blockedBy(connector),
    problems: (input) => formProblems(form, input),
    run: (_input, { runInput }) => ({ output: runInput.payload }),
  }
}

/** Why flows with this connector don't run; null when they do. */
export function blockedBy({ title, status }: Connector, action?: ConnectorAction): string | null {
  if (status === 'paused') return `the connector ${title} is paused: no flow with it runs until it is active again`
  return action?.status === 'paused' ? `the action "${action.title}" of ${title} is paused` : null
}

function triggerForm(trigger: WebhookTrigger): JsonObject {
  const { properties = {}, required = [], ...rest } = trigger.form ?? {}
  const names = eventNames(trigger)
  const events: JsonObject = {
    type: 'array',
    title: 'Events',
    // Where none are declared, a flow may still name some for the requests of the connector.
    ...(names.length === 0 ? { items: { type: 'string' } } : { minItems: 1, items: { type: 'string', enum: names } }),
    // One event is no choice.
    ...(names.length === 1 ? { default: names } : {}),
  }
  return {
    type: 'object',
    ...rest,
    properties: { events, ...(properties as JsonObject) },
    required: names.length === 0 ? required : ['events', ...(required as string[])],
  }
}
