import { type Connector, type ConnectorRequest, listPagination, type WebhookTrigger } from '../connectors/connector.ts'
import type { ConnectorReply, PageChange } from '../engine/connector-call.ts'
import type { Frame } from '../engine/render.ts'
import { StepError } from '../engine/step-error.ts'
import type { World } from '../engine/world.ts'
import type { Json } from '../flow/json.ts'
import { checkReply } from '../steps/connector-refusal.ts'
import { readAllPages } from '../steps/pagination.ts'
import { holds } from '../steps/template-truth.ts'
import { asObject, idOf, listIn, read, shownReply, textOf, timeIn, timeOf } from './vendor-answer.ts'
import { askVendor } from './vendor-error.ts'

/** The calls that a connector declares for its webhooks, made and read. Says nothing about when to make which. */

/** Whose webhook it is about, and what the templates see. */
export interface Target {
  accountId: string
  connector: Connector
  trigger: WebhookTrigger
  auth: string | null
  values: Frame
  /** Carried by calls that change something, so that a vendor who knows such keys acts once. */
  key: string
  signal: AbortSignal
}

/** A webhook as the vendor lists it. */
export interface Listed {
  id: string
  /** Null where the vendor does not tell. */
  url: string | null
  events: string[] | null
  active: boolean
  expiresAt: Date | null
}

export interface Created {
  /** Null when the answer has none: the list will tell. */
  id: string | null
  expiresAt: Date | null
  /** Made by the vendor. */
  secret: string | null
  response: Json
}

export interface VendorCalls {
  list(target: Target): Promise<Listed[]>
  create(target: Target): Promise<Created>
  /** `gone`: it was not there any more. */
  remove(target: Target): Promise<'deleted' | 'gone'>
  /** New address or events. Returns the id, which some vendors change. */
  update(target: Target): Promise<string | null>
  renew(target: Target): Promise<Date | null>
  resume(target: Target): Promise<void>
  /** Gives it the secret that the values have. Returns the vendor's own, where it makes them. */
  rotate(target: Target): Promise<string | null>
  /** Has the vendor send a test delivery. False when the connector has no such call. */
  ping(target: Target): Promise<boolean>
  /** Asks for the secret of a webhook whose create was not heard to the end. */
  secret(target: Target): Promise<string | null>
  /** What the vendor says has happened, each with its payload where the vendor tells it. */
  backfill(target: Target): Promise<Missed[]>
}

/** Something that happened, as the vendor's own list has it. */
export interface Missed {
  id: string | null
  at: Date | null
  /** What the flow gets; undefined when the vendor delivers it again by itself. */
  payload: Json | undefined
}

type CallName = 'create' | 'list' | 'delete' | 'update' | 'renew' | 'ping' | 'rotate_secret' | 'resume' | 'backfill'

/** All vendors' webhooks through the one caller of connectors. Errors of every call: `VendorError`. */
export function createVendorCalls(world: Pick<World, 'callConnector' | 'now'>): VendorCalls {
  const { now } = world

  async function call(
    target: Target,
    request: ConnectorRequest,
    values: Frame,
    page?: PageChange,
  ): Promise<ConnectorReply> {
    const changes = request.method !== 'GET' && request.method !== 'HEAD'
    return world.callConnector(
      target.accountId,
      {
        connector: target.connector.name,
        auth: target.auth,
        request,
        values,
        ...(page === undefined ? {} : { page }),
        ...(changes ? { idempotencyKey: target.key } : {}),
      },
      target.signal,
    )
  }

  function check(target: Target, request: ConnectorRequest, reply: ConnectorReply): void {
    const { connector } = target
    checkReply(reply, { title: connector.title, failure: request.failure ?? connector.failure }, now)
  }

  async function ask(target: Target, request: ConnectorRequest, values: Frame): Promise<ConnectorReply> {
    const reply = await call(target, request, values)
    check(target, request, reply)
    return reply
  }

  /** The values of the calls that the vendor needs first. */
  async function prepared(target: Target, name: CallName): Promise<Frame> {
    const values: Frame = { ...target.values }
    for (const [variable, request] of Object.entries(target.trigger.prepare)) {
      if (!request.before.includes(name)) continue
      const reply = await ask(target, request, values)
      values[variable] = read(request.value, values, reply, now)
    }
    return values
  }

  /** A declared call, made. Undefined when the connector has no such call. */
  async function perform(target: Target, name: CallName) {
    const request = target.trigger[name]
    if (request === undefined) return undefined
    const values = await prepared(target, name)
    return { values, reply: await ask(target, request, values) }
  }

  return {
    list: (target) => askVendor(() => listAll(target)),

    create: (target) =>
      askVendor(async () => {
        const { create, signing_secret } = target.trigger
        if (create === undefined)
          throw new StepError('blocked', `${target.connector.title} has no call that makes webhooks`)
        const values = await prepared(target, 'create')
        const reply = await ask(target, create, values)
        const id = idOf(read(create.id, values, reply, now))
        const registration = { ...asObject(values.registration), id, response: shownReply(reply) }
        const after = { ...values, registration }
        const secret =
          signing_secret?.from === 'answer'
            ? textOf(read(signing_secret.value, after, reply, now))
            : await secretOf(target, after)
        return { id, expiresAt: timeOf(create.expires_at, values, reply, now), secret, response: shownReply(reply) }
      }),

    remove: (target) =>
      askVendor(async () => {
        const request = target.trigger.delete
        if (request === undefined) return 'gone'
        const values = await prepared(target, 'delete')
        const reply = await call(target, request, values)
        if (request.gone.includes(reply.status)) return 'gone'
        if (request.gone_when !== undefined && holds(read(request.gone_when, values, reply, now))) return 'gone'
        check(target, request, reply)
        return 'deleted'
      }),

    update: (target) =>
      askVendor(async () => {
        const done = await perform(target, 'update')
        const id = target.trigger.update?.id
        return done === undefined || id === undefined ? null : idOf(read(id, done.values, done.reply, now))
      }),

    renew: (target) =>
      askVendor(async () => {
        const done = await perform(target, 'renew')
        return done === undefined ? null : timeOf(target.trigger.renew?.expires_at, done.values, done.reply, now)
      }),

    resume: (target) => askVendor(async () => void (await perform(target, 'resume'))),
    rotate: (target) =>
      askVendor(async () => {
        const done = await perform(target, 'rotate_secret')
        const secret = target.trigger.rotate_secret?.secret
        return done === undefined || secret === undefined ? null : textOf(read(secret, done.values, done.reply, now))
      }),
    ping: (target) => askVendor(async () => (await perform(target, 'ping')) !== undefined),
    secret: (target) => askVendor(() => secretOf(target, target.values)),
    backfill: (target) => askVendor(() => missedOf(target)),
  }

  async function listAll(target: Target): Promise<Listed[]> {
    const request = target.trigger.list
    if (request === undefined) return []
    const values = await prepared(target, 'list')
    const { items, last } = await readList(target, request, values)
    return items.flatMap((item) => {
      const frame = { ...values, item }
      const part = (template: string | undefined) => (template === undefined ? null : read(template, frame, last, now))
      const id = idOf(part(request.id))
      const url = textOf(part(request.url))
      // Without an address it is no webhook, only the place where one could be; or it is about something else.
      if (id === null || (url === null && request.url !== undefined)) return []
      const events = part(request.events)
      return [
        {
          id,
          url,
          events: Array.isArray(events) ? events.map(String) : null,
          active: request.active === undefined || holds(part(request.active)),
          expiresAt: timeIn(part(request.expires_at)),
        },
      ]
    })
  }

  /** In one answer, or piece by piece where the vendor pages its lists. */
  async function readList(
    target: Target,
    request: NonNullable<WebhookTrigger['list' | 'backfill']>,
    values: Frame,
  ): Promise<{ items: Json[]; last: ConnectorReply }> {
    const pagination = listPagination(target.connector, request)
    if (pagination === undefined) {
      const reply = await ask(target, request, values)
      return { items: listIn(read(request.items, values, reply, now)), last: reply }
    }
    const readPiece = async (page: PageChange) => {
      const reply = await call(target, request, values, page)
      check(target, request, reply)
      return { reply, body: reply.body }
    }
    // What is in a piece, the call itself says; the connector's own pagination is about its actions.
    const own = { ...pagination, items: request.pagination?.items }
    const itemsOf = ({ reply }: { reply: ConnectorReply }) => read(request.items, values, reply, now)
    const { items, last } = await readAllPages({ pagination: own, call: readPiece, itemsOf, values, now })
    return { items, last: last.reply }
  }

  async function secretOf(target: Target, values: Frame): Promise<string | null> {
    const secret = target.trigger.signing_secret
    if (secret?.from !== 'request') return null
    return textOf(read(secret.value, values, await ask(target, secret, values), now))
  }

  async function missedOf(target: Target): Promise<Missed[]> {
    const request = target.trigger.backfill
    if (request === undefined) return []
    const values = await prepared(target, 'backfill')
    const { items, last } = await readList(target, request, values)
    const missed: Missed[] = []
    for (const item of items) {
      const frame = { ...values, item }
      const part = (template: string | undefined) => (template === undefined ? null : read(template, frame, last, now))
      if (request.missed !== undefined && !holds(part(request.missed))) continue
      const each = request.each === undefined ? last : await ask(target, request.each, frame)
      const payload = request.payload === undefined ? undefined : read(request.payload, frame, each, now)
      missed.push({ id: idOf(part(request.id)), at: timeIn(part(request.time)), payload })
    }
    return missed
  }
}
