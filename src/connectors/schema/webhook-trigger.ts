import { z } from 'zod'
import { handshake } from './handshake.ts'
import { pagination, request, requestMembers } from './request.ts'
import { form, httpsLink, shape, template, templatedJson, variable } from './shape.ts'
import { signatureScheme } from './signature-scheme.ts'

const event = z.union([
  z.string().min(1),
  shape({
    name: z.string().min(1).describe('The vendor’s name; {{ events }} is a list of these'),
    title: z.string().optional(),
    description: z.string().optional(),
    sample: templatedJson.optional().describe('A payload, or the name of a file in samples/<connector>/'),
  }),
])

const calls = ['create', 'list', 'delete', 'update', 'renew', 'ping', 'rotate_secret', 'resume', 'backfill'] as const

const create = shape({
  ...requestMembers,
  id: template.default('{{ response.body.id }}').describe('What the vendor calls the webhook'),
  expires_at: template.optional().describe('When the vendor ends it, as ISO 8601 or seconds since 1970'),
  conflict: z.array(z.int()).default([409]).describe('Statuses that mean: such a webhook is already there'),
})

const paginated = z.boolean().default(true).describe('false: the vendor gives all of them in one answer')

const list = shape({
  ...requestMembers,
  items: template.default('{{ response.body }}'),
  id: template.default('{{ item.id }}'),
  url: template.optional().describe('Its address; without it, webhooks that no ledger row knows cannot be told apart'),
  events: template.optional().describe('List of the event names it is for'),
  active: template.optional().describe('False when the vendor has paused or disabled it'),
  expires_at: template.optional(),
  paginated,
  pagination: pagination.optional().describe('By default the connector’s pagination_config'),
})

const backfill = shape({
  ...requestMembers,
  items: template.default('{{ response.body }}'),
  id: template.optional().describe('The delivery id of an item, to leave out what did arrive'),
  time: template.optional().describe('When it happened'),
  missed: template.optional().describe('Whether the vendor could not deliver it; by default every item counts'),
  each: request.optional().describe('Call for each missed item: asks for its payload, or for another delivery'),
  payload: template
    .optional()
    .describe('What the flow gets: of item, and response of each; without it the vendor delivers again'),
  paginated,
  pagination: pagination.optional().describe('By default the connector’s pagination_config'),
})

const signingSecret = z.discriminatedUnion('from', [
  shape({
    from: z.literal('generated').describe('Hookline makes one per registration: {{ signing_secret }} in create'),
    bytes: z.int().min(16).max(64).default(32),
    format: z.enum(['hex', 'base64', 'base64url']).default('hex'),
    prefix: z.string().default(''),
  }),
  shape({ from: z.literal('answer').describe('Made by the vendor, in the answer of create'), value: template }),
  shape({ from: z.literal('request').describe('Asked for after create'), ...requestMembers, value: template }),
  shape({ from: z.literal('auth').describe('Belongs to the vendor’s app: part of the auth'), value: template }),
  shape({ from: z.literal('handshake').describe('What the handshake remembers') }),
])

/**
 * How webhooks are made, found, kept and removed at a vendor (spec 5.2).
 *
 * Templates see `connectorAuth`, `webhook_url`, `webhook_token` (None when the flow's token is off), `signing_secret`,
 * `events` (chosen names), `event` (the one, with per_event), `expires_at` (the latest the vendor allows, ISO 8601),
 * `registration_key` (unique, the same whenever this registration is tried again), `flow_name`, the step's form values by name, the values of `prepare` by name, and
 * `response`. After create also `registration`: `id`, `url`, `events`, `expires_at`, `response` (create's answer, status,
 * headers and body). In `list` the parts see `item`; `backfill` also sees `since`, `until` as ISO 8601 and
 * `since_unix`, `until_unix` as seconds.
 */
export const webhookTrigger = shape({
  setup: z
    .enum(['automatic', 'manual'])
    .default('automatic')
    .describe('manual: the vendor has no API for it, so instructions say where to put the address'),
  instructions: z.string().optional(),
  docs: httpsLink.optional(),
  events: z.array(event).default([]),
  per_event: z.boolean().default(false).describe('Whether each event needs a webhook of its own'),
  events_filtered_by: z
    .enum(['vendor', 'hookline'])
    .default('vendor')
    .describe('hookline: the vendor sends more than was asked for; a delivery counts if one of its events was chosen'),
  event_name: template
    .optional()
    .describe('Which event came, over request and body; a list where a delivery carries several'),
  form: form.optional().describe('What the step asks for, as a repository'),
  prepare: z
    .record(
      variable,
      shape({
        ...requestMembers,
        value: template.default('{{ response.body }}').describe('What later templates see under this name'),
        absent: z
          .array(z.int())
          .default([])
          .describe('Statuses that mean: there is no such thing, and the value is None'),
        before: z
          .array(z.enum(calls))
          .default([...calls])
          .describe('Which calls need it'),
      }),
    )
    .default({})
    .describe('Calls made first, in this order'),
  create: create.optional(),
  list: list.optional(),
  delete: shape({
    ...requestMembers,
    method: requestMembers.method.unwrap().default('DELETE'),
    gone: z.array(z.int()).default([404, 410]).describe('Statuses that mean: it is no longer there'),
    gone_when: template.optional().describe('The same over a response, for vendors that say so in words'),
  }).optional(),
  update: shape({ ...requestMembers, id: template.optional() })
    .optional()
    .describe('New address or events, same webhook'),
  renew: shape({ ...requestMembers, expires_at: template.optional() }).optional(),
  resume: request.optional().describe('Wakes a webhook that the vendor has paused'),
  ping: request.optional().describe('Makes the vendor send a test delivery'),
  rotate_secret: shape({ ...requestMembers, secret: template.optional() })
    .optional()
    .describe('Gives it a new signing_secret, or gets one from the answer'),
  backfill: backfill.optional().describe('The vendor’s own list of what happened, for gaps after an outage'),
  expiry: shape({
    after_seconds: z.int().min(60).describe('How long the vendor keeps a webhook'),
    by: z.enum(['renew', 'recreate']).default('renew'),
  }).optional(),
  single: z
    .enum(['auth', 'app', 'form'])
    .optional()
    .describe('Only one webhook can exist: per credential, per app at the vendor, or per thing the form names'),
  max_webhooks: z.int().min(1).optional().describe('How many the vendor allows in the same place'),
  sends_header: z
    .boolean()
    .default(false)
    .describe('Whether create makes the vendor send Authorization: Bearer webhook_token'),
  signature: signatureScheme.optional(),
  signing_secret: signingSecret.optional().describe('Where the signature’s secret comes from; by default generated'),
  handshake: z.array(handshake).default([]),
  delivery_id: z
    .union([
      shape({
        header: z.string().toLowerCase(),
        per_webhook: z.boolean().default(false).describe('Two webhooks that get the same event get it under two ids'),
      }),
      template,
    ])
    .optional()
    .describe('What repeated deliveries have in common: a header, or a template over request and body'),
  batch: template.optional().describe('List of the events in a delivery, where one delivery carries several'),
}).superRefine((trigger, context) => {
  const complain = (path: string, message: string): void => context.addIssue({ code: 'custom', message, path: [path] })
  if (trigger.setup === 'manual') {
    if (trigger.instructions === undefined) complain('instructions', 'a manual setup needs instructions')
    if (trigger.create !== undefined) complain('create', 'a manual setup has no create')
  } else if (trigger.create === undefined) complain('create', 'is needed, or setup: "manual" with instructions')
  else if (trigger.delete === undefined) complain('delete', 'is needed: what is created must be removable')
  if (trigger.expiry?.by === 'renew' && trigger.renew === undefined)
    complain('expiry', 'needs a renew request, or by: "recreate"')
  if (trigger.events_filtered_by === 'hookline' && trigger.event_name === undefined)
    complain('event_name', 'is needed to filter events')
  const secretFrom = trigger.signing_secret?.from
  if (secretFrom === 'handshake' && !trigger.handshake.some((each) => each.remember !== undefined))
    complain('signing_secret', 'no handshake remembers a secret')
  if (secretFrom !== undefined && trigger.signature === undefined && trigger.handshake.length === 0)
    complain('signing_secret', 'is of no use without signature or handshake')
  const names = trigger.events.map((each) => (typeof each === 'string' ? each : each.name))
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined) complain('events', `"${twice}" is there twice`)
})
