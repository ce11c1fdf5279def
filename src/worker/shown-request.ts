import type { Placement } from './opened-auth.ts'
import type { RenderedRequest } from './render-request.ts'
import { mask, type Scrubber } from './scrub.ts'

/** A request as it goes out, in what people may see of it. */
export interface ShownRequest {
  method: string
  url: string
  headers: Record<string, string>
  body: string | null
}

/** Words before a credential in a header (RFC 9110 11.4); what follows them is hidden, whatever it is. */
const scheme = /^(?:basic|bearer|token|oauth|apikey|key|bot)(?=\s)/i

/**
 * What may be shown of a request. What the credential has put there is masked by its place, so that neither a short
 * secret nor something computed from one is seen; everywhere else, secrets are masked by their value.
 */
export function showRequest(
  { method, url, headers, body }: RenderedRequest,
  placed: Placement,
  scrubber: Scrubber,
): ShownRequest {
  const address = new URL(url)
  for (const name of Object.keys(placed.query)) address.searchParams.set(name, mask)
  const shown = scrubber.headers(headers)
  for (const [name, value] of Object.entries(placed.headers)) {
    const [word] = scheme.exec(value) ?? []
    shown[name] = word === undefined ? mask : `${word} ${mask}`
  }
  return {
    method,
    url: scrubber.text(address.href),
    headers: shown,
    body: body === undefined ? null : scrubber.text(body),
  }
}
