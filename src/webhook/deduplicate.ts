import { createHash } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { Answer } from '../engine/answer.ts'
import { AppError } from '../errors.ts'
import { type Json, parseJson, stringifyJson } from '../flow/json.ts'
import type { RunInput } from '../flow/run.ts'
import { compile, TemplateError, webhookAnswerBudget } from '../jinja/template.ts'
import type { Dedupe, FirstRun } from '../storage/dedupe.ts'
import type { DedupeKey } from '../storage/storage.ts'
import { cancelledError, leftOffError, type RunResult, replyOf, timeoutError, type WebhookReply } from './run-reply.ts'

/** How a flow tells copies of a request from others (spec 2.5). */
export interface Deduplication {
  /** Undefined for a request that has no such thing: it starts a run. */
  keyOf(input: RunInput): string | undefined
  windowMs: number
}

/** Keys are kept in an index; a longer one is told apart by its hash. */
const maxKeyCharacters = 512
/** How often it is looked whether the first of several equal requests has its answer. */
const pollMs = { first: 10, longest: 250 }

/** A key that is a template over the request, as the Webhook helper's setting has it. */
export function templateKey(template: string, ref: string): Deduplication['keyOf'] {
  return ({ payload, request }) => {
    try {
      const scope = { [ref]: payload, request }
      const value = compile(template).evaluate(scope, { budget: webhookAnswerBudget, undefined: 'chainable' })
      if (value === null || value === undefined) return undefined
      return shortKey(typeof value === 'object' ? stringifyJson(value as Json) : String(value))
    } catch (error) {
      // A request in which the template finds nothing is taken all the same, only not deduplicated.
      if (error instanceof TemplateError) return undefined
      throw error
    }
  }
}

function shortKey(text: string): string | undefined {
  const key = text.trim()
  if (key === '') return undefined
  // NUL is no text to the database; hashing tells such keys apart, too.
  if (key.length <= maxKeyCharacters && !key.includes('\0') && key.isWellFormed()) return key
  return `sha256:${createHash('sha256').update(key).digest('hex')}`
}

/** What the run is started with, so that no copy of its request starts another one. */
export function dedupeKey(deduplication: Deduplication | undefined, input: RunInput, now: Date): DedupeKey | undefined {
  const key = deduplication?.keyOf(input)
  if (deduplication === undefined || key === undefined) return undefined
  return { key, expiresAt: new Date(now.getTime() + deduplication.windowMs) }
}

/** What is kept for the copies: the very bytes that the first sender gets. Undefined while the run has no answer yet. */
export function keptAnswer(runId: string, result: RunResult): string | undefined {
  if ('rests' in result || 'cancelled' in result) return undefined
  try {
    const { status, headers, body } = replyOf(runId, result)
    return stringifyJson({ status, headers, body })
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    const headers = { ...error.headers, 'content-type': 'application/json' }
    return stringifyJson({ status: error.status, headers, body: stringifyJson(error.envelope) })
  }
}

/** Waits for the first request's answer, which may be given by another process. Errors: as the first one's. */
export async function firstAnswer(
  runId: string,
  dedupe: Dedupe,
  seconds: number,
  stopping: AbortSignal,
  clock: Clock,
): Promise<WebhookReply> {
  const deadline = clock.elapsedMs() + seconds * 1000
  for (let pause = pollMs.first; ; pause = Math.min(2 * pause, pollMs.longest)) {
    const first = await dedupe.firstRun(runId)
    if (first?.answer) return { ...(parseJson(first.answer) as unknown as Answer), runId }
    if (isOver(first)) throw cancelledError(runId)
    if (stopping.aborted) throw leftOffError(runId)
    if (clock.elapsedMs() + pause > deadline) throw timeoutError(runId, seconds)
    await clock.sleep(pause)
  }
}

/** A run that has ended and left no answer was cancelled: the commit that ends a run holds its answer. */
function isOver(first: FirstRun | undefined): boolean {
  return first === undefined || first.status === undefined || ['success', 'error', 'cancelled'].includes(first.status)
}
