import { createHash } from 'node:crypto'
import type { WebhookTrigger } from '../connectors/connector.ts'
import type { Json } from '../flow/json.ts'
import { compile, TemplateError, webhookAnswerBudget } from '../jinja/template.ts'
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
  const id =
    typeof declared === 'string' ? rendered(declared, delivery) : headerValue(delivery.request, declared.header)
  if (id === undefined || id.trim() === '') return undefined
  return id.length <= maxIdCharacters ? id.trim() : createHash('sha256').update(id).digest('hex')
}

/** Which of the connector's events came, or undefined where the delivery does not say. */
export function eventName(trigger: Pick<WebhookTrigger, 'event_name'>, delivery: Delivery): string | undefined {
  const name = trigger.event_name === undefined ? undefined : rendered(trigger.event_name, delivery)
  return name === undefined || name.trim() === '' ? undefined : name.trim()
}

/** A payload in which a template finds nothing has no id; the delivery is taken all the same, only not deduplicated. */
function rendered(template: string, { request, body }: Delivery): string | undefined {
  try {
    const value = compile(template).evaluate({ request, body }, { budget: webhookAnswerBudget, undefined: 'chainable' })
    return value === undefined || value === null ? undefined : String(value)
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    return undefined
  }
}
