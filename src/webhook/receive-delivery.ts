import { AppError } from '../errors.ts'
import { compile, TemplateError, webhookAnswerBudget } from '../jinja/template.ts'
import { type Admission, authorize, unauthorized } from './authorize.ts'
import { acceptedReply, beginRun, pausedReply } from './begin-run.ts'
import { type Delivery, eventsIn } from './delivery-id.ts'
import type { EarlyDeliveries } from './early-deliveries.ts'
import type { Edge } from './edge.ts'
import type { LoadedFlow } from './flow-cache.ts'
import {
  awaitsSecret,
  claimsSignature,
  diagnose,
  type Judgement,
  judgeDelivery,
  verifiesFor,
} from './judge-delivery.ts'
import { parseRequest } from './receive.ts'
import { RefusalReason, rejection } from './rejections.ts'
import type { RequestHead, RequestInput, WebhookRequest } from './request-input.ts'
import type { WebhookReply } from './run-reply.ts'
import type { EdgeRow, TriggerGate } from './trigger-gate.ts'

/** The edge of flows that a connector's webhook starts: always asynchronous, and always answered `null`. */
export interface DeliveryEdge extends Edge {
  /** Keeps what a handshake handed over; on disk when it resolves. */
  keepHandshakeSecret(row: EdgeRow, secret: string): Promise<void>
  early: EarlyDeliveries
  /** An event came in. Never slows the answer down. */
  tally(row: EdgeRow): void
}

/** A flow that a connector's webhook starts, with what the edge must know of it. */
type TriggeredFlow = LoadedFlow & { trigger: TriggerGate }

/**
 * Answers a delivery. As with all webhooks, what is refused from memory is decided again on what the database says now,
 * and nothing is answered before it is on disk.
 */
export async function receiveDelivery(request: WebhookRequest, edge: DeliveryEdge): Promise<WebhookReply> {
  const now = edge.world.now()
  let flow = await edge.flows.find(request.flowId)
  let judged = await judge(request, flow, edge.tokens.cached, now)
  if (isRefusal(judged)) ({ flow, judged } = await judgeFresh(request, edge))
  if (isEarly(request, flow, judged)) ({ flow, judged } = await judgeLater(request, edge))
  if (judged.kind === 'refused' || !isTriggeredFlow(flow)) throw await refuse(request, edge, flow, judged)
  if (judged.kind === 'handshake') return shakeHands(request, flow, judged, edge)
  if (flow.gate.flow.status === 'paused') return pausedReply
  await edge.limits.request(request.ip, request.flowId, flow.gate.flow.settings.rate_limit_per_minute)
  edge.backlog.check(flow.gate.flow.accountId)
  const input = await parseRequest(request, edge)
  const row = 'by' in judged ? judged.by.row : undefined
  if (row !== undefined) edge.tally(row)
  const replies = await Promise.all([
    startOne(request, flow, input, edge),
    ...flow.trigger.sharers.map((flowId) => startSharer(request, flowId, input, edge)),
  ])
  return replies.find((reply) => reply?.runId != null) ?? acceptedReply(null)
}

type Judged = Judgement | { kind: 'bearer' }

async function judgeFresh(request: WebhookRequest, edge: DeliveryEdge) {
  const flow = await edge.flows.fresh(request.flowId)
  return { flow, judged: await judge(request, flow, edge.tokens.fresh, edge.world.now()) }
}

/** What is signed with a secret that is not known yet waits for it; a vendor that is told to come back does so much later. */
async function judgeLater(request: WebhookRequest, edge: DeliveryEdge) {
  const late = await edge.early.wait(async () => {
    const fresh = await judgeFresh(request, edge)
    return isEarly(request, fresh.flow, fresh.judged) ? undefined : fresh
  })
  if (late !== undefined) return late
  const message = 'the vendor has not told yet what this delivery is signed with'
  throw new AppError('overloaded', message, { headers: { 'retry-after': '5' } })
}

function isEarly(request: WebhookRequest, flow: LoadedFlow | undefined, judged: Judged): boolean {
  return judged.kind === 'refused' && isTriggeredFlow(flow) && awaitsSecret(request, flow.trigger)
}

/** A handshake may be about a webhook that another process is just making. */
function isRefusal(judged: Judged): boolean {
  return judged.kind === 'refused' || (judged.kind === 'handshake' && judged.answer.status >= 400)
}

async function judge(
  request: WebhookRequest,
  flow: LoadedFlow | undefined,
  tokens: Edge['tokens']['cached'],
  now: Date,
): Promise<Judged> {
  if (!isTriggeredFlow(flow)) return { kind: 'refused', reason: 'unauthorized' }
  const judged = judgeDelivery(request, flow.trigger, now)
  if (judged.kind !== 'refused' || claimsSignature(request, flow.trigger)) return judged
  return (await isBearer(request, flow, tokens, now)) ? { kind: 'bearer' } : judged
}

/** The flow's token, or a personal access token: whoever tries the flow out. */
async function isBearer(
  request: WebhookRequest,
  flow: LoadedFlow,
  tokens: Edge['tokens']['cached'],
  now: Date,
): Promise<boolean> {
  try {
    await authorize(request.headers.authorization, flow, tokens, now)
    return true
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'unauthorized') throw error
    return false
  }
}

function isTriggeredFlow(flow: LoadedFlow | undefined): flow is TriggeredFlow {
  return flow?.trigger !== undefined
}

/** The same answer to everything that is not let in; the reason is for the flow's people. */
export async function refuse(
  request: WebhookRequest | RequestHead,
  edge: Edge,
  flow?: LoadedFlow,
  judged?: Judged,
): Promise<AppError> {
  await edge.limits.authFailure(request.ip, request.flowId)
  if (!isTriggeredFlow(flow) || judged?.kind !== 'refused' || !('body' in request)) return unauthorized()
  const found = judged.reason === 'bad_signature' ? diagnose(request, flow.trigger, edge.world.now()) : undefined
  const message = found?.explanation ?? 'neither token nor secret part of the address is right'
  return unauthorized(
    new RefusalReason({
      reason: judged.reason,
      status: 401,
      message,
      ...(found && { details: { diagnosis: found.diagnosis } }),
    }),
  )
}

async function shakeHands(
  request: WebhookRequest,
  flow: TriggeredFlow,
  { answer, by }: Extract<Judgement, { kind: 'handshake' }>,
  edge: DeliveryEdge,
): Promise<WebhookReply> {
  const { name, status, headers, body, remember } = answer
  if (remember !== undefined && by !== undefined) await edge.keepHandshakeSecret(by.row, remember)
  const shaken = { reason: 'handshake', status, message: `answered the handshake ${name}` }
  edge.rejections.note(rejection(flow.gate.flow.accountId, request, shaken))
  return { status, headers, body, runId: null }
}

async function startOne(
  request: WebhookRequest,
  flow: TriggeredFlow,
  input: RequestInput,
  edge: DeliveryEdge,
): Promise<WebhookReply | undefined> {
  const unwanted = unwantedReason(flow.trigger, input)
  if (unwanted !== undefined) {
    const filtered = { reason: 'filtered', status: 200, message: unwanted }
    edge.rejections.note(rejection(flow.gate.flow.accountId, request, filtered))
    return undefined
  }
  const admission: Admission = { flow, revision: flow.gate.revision }
  return beginRun(request, admission, input, edge, async () => {
    const fresh = await edge.flows.fresh(flow.gate.flow.id)
    const judged = await judge(request, fresh, edge.tokens.fresh, edge.world.now())
    if (judged.kind === 'refused' || !isTriggeredFlow(fresh)) throw await refuse(request, edge, fresh, judged)
    return fresh.gate.flow.status === 'paused' ? { paused: true } : { flow: fresh, revision: fresh.gate.revision }
  })
}

/** Another flow that the vendor's one webhook serves as well; its own people must not be able to listen in on others' apps. */
async function startSharer(
  request: WebhookRequest,
  flowId: string,
  input: RequestInput,
  edge: DeliveryEdge,
): Promise<WebhookReply | undefined> {
  const flow = await edge.flows.fresh(flowId)
  if (!isTriggeredFlow(flow) || flow.gate.flow.status === 'paused') return undefined
  const { trigger } = flow.trigger
  if (
    trigger.single === 'app' &&
    trigger.signature !== undefined &&
    !verifiesFor(request, flow.trigger, edge.world.now())
  )
    return undefined
  if (unwantedReason(flow.trigger, input) !== undefined) return undefined
  return beginRun(request, { flow, revision: flow.gate.revision }, input, edge, async () => {
    const again = await edge.flows.fresh(flowId)
    if (again?.trigger === undefined || again.gate.flow.status === 'paused') return { paused: true }
    return { flow: again, revision: again.gate.revision }
  })
}

/** Why this delivery starts nothing: none of its events was chosen, or it carries none at all. */
function unwantedReason({ trigger, events }: TriggerGate, { input }: RequestInput): string | undefined {
  const { request, payload } = input
  if (request === null) return undefined
  const delivery = { request, body: payload }
  if (trigger.batch !== undefined && isEmptyBatch(trigger.batch, delivery)) return 'the delivery carries no event'
  // A vendor that was asked for certain events sends those, whatever their names look like in a delivery.
  const isFiltered = trigger.events_filtered_by === 'hookline' || trigger.single !== undefined
  if (!isFiltered || trigger.event_name === undefined || events.length === 0) return undefined
  const names = eventsIn(trigger, delivery)
  if (names.some((name) => events.includes(name))) return undefined
  return `the event ${names.join(', ') || 'without a name'} was not chosen`
}

/** Vendors send heartbeats as deliveries without events. A template that finds no list says nothing. */
function isEmptyBatch(template: string, delivery: Delivery): boolean {
  try {
    const events = compile(template).evaluate({ ...delivery }, { budget: webhookAnswerBudget, undefined: 'chainable' })
    return Array.isArray(events) && events.length === 0
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error
    return false
  }
}
