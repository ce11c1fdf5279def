import { createHash } from 'node:crypto'
import type { WebhookTrigger } from '../connectors/connector.ts'
import type { Json } from '../flow/json.ts'
import { compile, TemplateError, type UndefinedKind, webhookAnswerBudget } from '../jinja/template.ts'
import { headerValue } from './signed-request.ts'

/** What the templates of a trigger see of a delivery. */
export interface Delivery {
  request: {
    method: string
    headers: Readonly<Record<string, string | readonly string[] | undefined>>
    query: Readonly<Record<string, unknown>>
  }
  body: Json
}

/** Ids are keys of an index. A vendor's longest have some 200 characters; what is longer is told apart by its hash. */
const maxIdCharacters = 512

/** What repeated deliveries of the same event have in common, or undefined where the vendor sends no such thing. */
export function deliveryId(trigger: Pick<WebhookTrigger, 'delivery_id'>, delivery: Delivery): string | undefined {
  const { delivery_id: declared } = trigger
  if (declared === undefined) return undefined
  // Strict: an id of which a part is missing would be the same for different events, and all but the first were lost.
  const id = (
    typeof declared === 'string'
      ? rendered(declared, delivery, 'strict')
      : headerValue(delivery.request, declared.header)
  )?.trim()
  if (id === undefined || id === '') return undefined
  return id.length <= maxIdCharacters ? id : createHash('sha256').update(id).digest('hex')
}

/** Which of the connector's events came: several where one delivery carries them, none where it does not say. */
export function eventsIn(trigger: Pick<WebhookTrigger, 'event_name'>, delivery: Delivery): string[] {
  if (trigger.event_name === undefined) return []
  const names = [evaluated(trigger.event_name, delivery, 'chainable')].flat()
  return names.filter((name) => typeof name === 'string').filter((name) => name.trim() !== '')
}

function rendered(template: string, delivery: Delivery, kind: UndefinedKind): string | undefined {
  const value = evaluated(template, delivery, kind)
  return value === undefined || value === null ? undefined : String(value)
}

/** A payload in which a template finds nothing has no id; the delivery is taken all the same, only not deduplicated. */
function evaluated(template: string, { request, body }: Delivery, kind: UndefinedKind): unknown {
  try {
    return compile(template).evaluate({ request, body }, { budget: webhookAnswerBudget, undefined: kind })
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    return undefined
  }
}
