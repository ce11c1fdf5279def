import type { JsonObject } from '../../../src/flow/json.ts'
import type { RunError } from '../../../src/flow/run.ts'

/** What probably lies behind a step's error, and where it is mended. Pure, so that every kind can be tested. */
export interface Cause {
  /** One or two sentences for the flow's author. */
  text: string
  fix: Fix | null
}

/** What the link of the error card leads to. */
export type Fix =
  | { to: 'auth'; label: string }
  /** The step in the builder; `field` is dotted, as `input.url`. */
  | { to: 'step'; label: string; field: string | null }
  | { to: 'flow-settings'; label: string }
  | { to: 'retry'; label: string }

export interface FailedStep {
  ref: string
  error: RunError
  request_url: string | null
  response_code: number | null
}

type Explain = (step: FailedStep, host: string) => Cause

const openStep = (field: string | null = null, label = 'Open step'): Fix => ({ to: 'step', label, field })

const otherRefusal: Explain = ({ response_code }, host) =>
  (response_code ?? 0) >= 500
    ? {
        text: `${host} failed by itself. This mostly passes; its status page may know more.`,
        fix: { to: 'retry', label: 'Retry' },
      }
    : {
        text: `${host} understood the call but refuses its content. Compare what was sent with what its documentation asks for.`,
        fix: openStep('input.body', 'Open step'),
      }

const explanations: Record<string, Explain> = {
  http_401: (_, host) => ({
    text: `${host} did not accept the credential. It may have been revoked, have expired, or be for another environment.`,
    fix: { to: 'auth', label: 'Re-connect auth' },
  }),
  http_403: (_, host) => ({
    text: `${host} knows who is asking but refuses it. The credential probably lacks a permission or scope.`,
    fix: { to: 'auth', label: 'Check auth' },
  }),
  http_404: (_, host) => ({
    text: `${host} has nothing at this address. The id in it may be wrong or belong to something that was deleted.`,
    fix: openStep('input.url', 'Check the address'),
  }),
  http_429: (_, host) => ({
    text: `${host} asks for fewer calls in a time. Limit the runs at the same time, or retry later.`,
    fix: { to: 'flow-settings', label: 'Limit runs' },
  }),
  template: ({ error }) => ({
    text: `The template${placeOf(error.details)} could not be rendered with this run’s data.`,
    fix: openStep(fieldOf(error.details), `Open${placeOf(error.details) || ' template'}`),
  }),
  invalid_input: ({ error }) => ({
    text: 'A value that this step was given does not fit. It is often a template that yields nothing for this payload.',
    fix: openStep(fieldOf(error.details), 'Open field'),
  }),
  invalid_answer: () => ({
    text: 'The webhook’s answer can’t be sent as it was rendered: check status code, headers and body.',
    fix: openStep('input.response', 'Open response'),
  }),
  auth_missing: () => ({
    text: 'The connector auth that this step uses was deleted.',
    fix: openStep('auth', 'Choose another auth'),
  }),
  auth_expired: () => ({
    text: 'The vendor grants no token with this connector auth any more. Connecting again gets a new one.',
    fix: { to: 'auth', label: 'Re-connect auth' },
  }),
  auth_incomplete: () => ({
    text: 'The address of the app is made of something that this connector auth does not have yet.',
    fix: { to: 'auth', label: 'Complete auth' },
  }),
  auth_unreadable: () => ({
    text: 'The secrets of this connector auth were sealed with another key than this server has. Enter them again.',
    fix: { to: 'auth', label: 'Enter secrets' },
  }),
  auth_of_other_connector: () => ({
    text: 'A credential is only ever sent to the app it was made for.',
    fix: openStep('auth', 'Choose another auth'),
  }),
  rate_limited: () => ({
    text: 'The calls that this vendor allows for the credential are used up for now.',
    fix: { to: 'retry', label: 'Retry' },
  }),
  circuit_open: ({ error }) => ({
    text: `${typeof error.details?.host === 'string' ? error.details.host : 'The other side'} was down for longer than a run is held for it. Retry once it is back; a test in the builder finds out.`,
    fix: { to: 'retry', label: 'Retry' },
  }),
  no_room: () => ({
    text: 'This server had more large answers to hold at the same time than it has memory for. Ask for fewer items at a time, or retry later.',
    fix: { to: 'retry', label: 'Retry' },
  }),
  refused: otherRefusal,
  timeout: (_, host) => ({
    text: `${host} did not answer in time. It may be slow just now, or the address may not be meant for calls.`,
    fix: { to: 'retry', label: 'Retry' },
  }),
  dns: (_, host) => ({
    text: `There is no server called ${host}. The address probably has a typing mistake.`,
    fix: openStep('input.url', 'Check the address'),
  }),
  connect: (_, host) => ({
    text: `Nothing at ${host} takes connections. The server may be down, or the port wrong.`,
    fix: openStep('input.url', 'Check the address'),
  }),
  blocked: ({ request_url }, host) =>
    request_url === null
      ? { text: 'What is paused, or is not there any more, is not run.', fix: openStep() }
      : {
          text: `${host} is in a private network, which flows may only reach when HOOKLINE_OUTBOUND_ALLOW names it.`,
          fix: openStep('input.url', 'Check the address'),
        },
  tls: (_, host) => ({
    text: `The certificate of ${host} can’t be trusted: it may have expired or be for another name.`,
    fix: openStep('input.url', 'Check the address'),
  }),
  closed: (_, host) => ({
    text: `${host} closed the connection in the middle of the call.`,
    fix: { to: 'retry', label: 'Retry' },
  }),
  too_large: (_, host) => ({
    text: `${host} answered with more than can be taken in. Ask for fewer items at a time.`,
    fix: openStep('input.query', 'Open step'),
  }),
  flow_paused: () => ({ text: 'The flow that this step starts is paused.', fix: openStep('input.flow_id') }),
  flow_failed: () => ({
    text: 'The flow that this step started ended in an error; its own run says why.',
    fix: openStep('input.flow_id'),
  }),
  limit: () => ({ text: 'The step reached one of the limits that keep a run bounded.', fix: openStep() }),
}

const unknown: Explain = () => ({ text: 'The step can be looked at and changed in the builder.', fix: openStep() })

export function causeOf(step: FailedStep): Cause {
  const host = hostOf(step.request_url) ?? 'The other side'
  const { kind } = step.error
  const own = Object.hasOwn(explanations, kind) ? explanations[kind] : undefined
  return (own ?? (kind.startsWith('http_') ? otherRefusal : unknown))(step, host)
}

/** A code step's stack, which is folded away: it helps few and frightens many. */
export function stackOf({ details }: RunError): string | null {
  return typeof details?.stack === 'string' ? details.stack : null
}

/** The details that are worth showing beside the message: what the other side said, the line of a template. */
export function evidenceOf({ details }: RunError): [string, string][] {
  if (details === undefined) return []
  const { stack: _, field: __, ...rest } = details
  return Object.entries(rest).map(([name, value]) => [
    name.replaceAll('_', ' '),
    typeof value === 'string' ? value : JSON.stringify(value, (_key, each: unknown) => plain(each), 2),
  ])
}

function plain(value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value
}

function fieldOf(details: JsonObject | undefined): string | null {
  return typeof details?.field === 'string' ? details.field : null
}

function placeOf(details: JsonObject | undefined): string {
  const line = details?.line
  return typeof line === 'number' ? ` line ${line}` : ''
}

function hostOf(url: string | null): string | undefined {
  return url !== null && URL.canParse(url) ? new URL(url).host : undefined
}
