import { hashToken, parseBearer, tokensEqual } from '../access/tokens.ts'
import { setOwn } from '../flow/json.ts'
import { hashPathSecret } from '../storage/registration-row.ts'
import { answerHandshake, type HandshakeAnswer } from './handshake.ts'
import type { WebhookRequest } from './request-input.ts'
import { verifySignature } from './signature.ts'
import { diagnoseSignature } from './signature-doctor.ts'
import { headerValue, type LabelledSecret, type SignedRequest } from './signed-request.ts'
import type { EdgeRegistration, TriggerGate } from './trigger-gate.ts'

/** Whose delivery a request is, and whether it is one. Pure: no I/O, so that it can be decided twice. */
export type Judgement =
  | { kind: 'accepted'; by: EdgeRegistration }
  /** To be answered as it is; `by` is the registration that it belongs to. */
  | { kind: 'handshake'; answer: HandshakeAnswer; by: EdgeRegistration | undefined }
  | { kind: 'refused'; reason: 'unauthorized' | 'bad_signature' }

/**
 * A delivery proves itself by the signature where the vendor signs, by the token where it was given one, and else by the
 * secret part of its address. Every webhook that may still deliver counts, so rotating any of the three loses nothing.
 */
export function judgeDelivery(request: WebhookRequest, gate: TriggerGate, now: Date): Judgement {
  const { trigger } = gate
  const candidates = candidatesFor(request, gate)
  if (candidates.length === 0) return { kind: 'refused', reason: 'unauthorized' }
  const signed = (each: EdgeRegistration) => verifies(request, each, gate, now)
  const answer = answerHandshake(trigger.handshake, signedRequest(request, candidates[0]!), {
    secrets: candidates.flatMap(({ secrets }) => standing(secrets, now)),
    registrationKeys: candidates.map(({ row }) => row.id),
    registering: candidates.some(isBeingMade),
    signatureHolds: () => candidates.some(signed),
  })
  if (answer !== undefined) return { kind: 'handshake', answer, by: candidates.find(isBeingMade) ?? candidates[0] }
  if (trigger.signature !== undefined) {
    const by = candidates.find(signed)
    return by === undefined ? { kind: 'refused', reason: 'bad_signature' } : { kind: 'accepted', by }
  }
  const by = candidates.find((each) => each.row.secrets.path !== null || hasToken(request, each))
  return by === undefined ? { kind: 'refused', reason: 'unauthorized' } : { kind: 'accepted', by }
}

/** Whether a signature of the gate's own secrets holds: for webhooks that several flows share. */
export function verifiesFor(request: WebhookRequest, gate: TriggerGate, now: Date): boolean {
  return gate.registrations.some((each) => verifies(request, each, gate, now))
}

/** What the doctor says of a signature that does not hold. */
export function diagnose(request: WebhookRequest, gate: TriggerGate, now: Date) {
  const { signature } = gate.trigger
  const [newest] = candidatesFor(request, gate)
  if (signature === undefined || newest === undefined) return undefined
  const isOver = ({ row }: EdgeRegistration) => row.goal === 'absent'
  const [former, current] = [gate.registrations.filter(isOver), gate.registrations.filter((each) => !isOver(each))]
  return diagnoseSignature(signature, signedRequest(request, newest), {
    secrets: current.flatMap(({ secrets }) => secrets),
    former: former.flatMap(({ secrets }) => secrets),
    otherUrls: [...new Set(gate.registrations.map(({ row }) => `${row.baseUrl}${request.url}`))],
    now,
  })
}

/** Those under the very address the request came to. */
function candidatesFor({ pathSecret }: WebhookRequest, { registrations }: TriggerGate): EdgeRegistration[] {
  if (pathSecret === undefined) return registrations.filter(({ row }) => row.secrets.path === null)
  const hash = hashPathSecret(pathSecret)
  return registrations.filter(
    ({ row }) => row.secrets.path !== null && tokensEqual(hashPathSecret(row.secrets.path), hash),
  )
}

/** A secret that a handshake hands over is taken once, while the webhook is being made. */
function isBeingMade({ row }: EdgeRegistration): boolean {
  if (row.goal === 'absent') return false
  if (row.state === 'not_registered') return row.secrets.handshake === null
  return row.remoteId === null && row.pending !== null
}

/** Those that still count. */
function standing(secrets: readonly LabelledSecret[], now: Date): readonly LabelledSecret[] {
  return secrets.filter(({ until }) => until === undefined || until > now)
}

function verifies(
  request: WebhookRequest,
  { row, secrets }: EdgeRegistration,
  { trigger }: TriggerGate,
  now: Date,
): boolean {
  if (trigger.signature === undefined) return false
  return verifySignature(trigger.signature, signedRequest(request, { row, secrets }), standing(secrets, now), now).ok
}

/** The token that this webhook was made with; a newer one of the flow does not end it. */
function hasToken(request: WebhookRequest, { row }: EdgeRegistration): boolean {
  const presented = parseBearer(request.headers.authorization)
  if (presented === undefined || row.secrets.token === null) return false
  return tokensEqual(hashToken(presented), Buffer.from(row.secrets.token, 'hex'))
}

function signedRequest(request: WebhookRequest, { row }: EdgeRegistration): SignedRequest {
  const query: Record<string, string[]> = {}
  for (const [name, value] of new URLSearchParams(request.query)) {
    if (Object.hasOwn(query, name)) query[name]!.push(value)
    else setOwn(query, name, [value])
  }
  return {
    method: request.method,
    headers: request.headers,
    rawBody: request.body,
    url: `${row.baseUrl}${request.url}`,
    query,
  }
}

/** Whether the request claims to be signed: then a token does not stand in for the signature. */
export function claimsSignature({ headers }: WebhookRequest, { trigger }: TriggerGate): boolean {
  const { signature } = trigger
  if (signature === undefined || !('header' in signature) || signature.header === undefined) return false
  return [signature.header].flat().some((name) => headerValue({ headers }, name) !== undefined)
}

/** Whether a vendor has just been asked for a webhook or a secret, and its answer may tell what this request is signed with. */
export function awaitsSecret(request: WebhookRequest, gate: TriggerGate): boolean {
  const from = gate.trigger.signing_secret?.from
  if ((from !== 'answer' && from !== 'request') || !claimsSignature(request, gate)) return false
  return candidatesFor(request, gate).some(
    ({ row }) => row.goal === 'present' && (row.pending?.action === 'create' || row.pending?.action === 'rotate'),
  )
}
