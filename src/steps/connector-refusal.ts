import type { ConnectorRequest } from '../connectors/connector.ts'
import type { ConnectorReply } from '../engine/connector-call.ts'
import { refusalWords, shownRefusal } from '../engine/refusal.ts'
import { compileValue } from '../engine/render.ts'
import { retryOfResponse } from '../engine/retry.ts'
import { StepError } from '../engine/step-error.ts'
import { holds } from './template-truth.ts'

interface Refusing {
  title: string
  /** How a vendor that answers errors with 200 says so. */
  failure: ConnectorRequest['failure']
}

/** Errors: `http_<status>` for an answer that refuses, `refused` for one that does so with a 2xx status; in the vendor's words. */
export function checkReply(reply: ConnectorReply, { title, failure }: Refusing, now: () => Date): void {
  const { status, headers, body, url } = reply
  const facts = { requestUrl: url, responseCode: status, details: { response: shownRefusal(body) } }
  if (status < 200 || status > 299) {
    const words = refusalWords(body)
    const retry = retryOfResponse(status, headers, now())
    throw new StepError(`http_${status}`, `${title} answered ${status}${words === undefined ? '' : `: ${words}`}`, {
      ...facts,
      ...(retry === null ? {} : { retry }),
    })
  }
  if (failure === undefined) return
  const frame = { response: { status, headers, body } }
  const read = (template: string) => compileValue(template, 'failure').render(frame, now)
  if (!holds(read(failure.when))) return
  const message = read(failure.message)
  const words = typeof message === 'string' && message !== '' ? message : (refusalWords(message) ?? refusalWords(body))
  throw new StepError('refused', `${title} refused${words === undefined ? '' : `: ${words}`}`, facts)
}
