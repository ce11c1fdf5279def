import { shellQuote } from '../builder/webhook/snippets.ts'

/** A request as it came, to be sent again. */
export interface SentRequest {
  url: string
  method: string
  /** Null when none was sent. */
  contentType: string | null
  /** As it arrived; null when it is no text. */
  body: string | null
  /** The bytes of a body that is no text. */
  base64?: string | null
  /** Null when the webhook asks for none. */
  token: string | null
}

/** A request with all its headers as a command line; what is masked in it stays so. */
export function callAsCurl({
  method,
  url,
  headers,
  body,
}: {
  method: string
  url: string
  headers: Readonly<Record<string, string>>
  body: string | null
}): string {
  return [
    `curl -X ${method} ${shellQuote(url)}`,
    ...Object.entries(headers).map(([name, value]) => `-H ${shellQuote(`${name}: ${value}`)}`),
    ...(body === null || body === '' ? [] : [`--data-raw ${shellQuote(body)}`]),
  ].join(' \\\n  ')
}

/** What stands in the place of a token that is not to be seen. */
export const maskedToken = 'ey••••••'

/** The request as a command line that any shell takes literally. */
export function curlOf({ url, method, contentType, body, base64 = null, token }: SentRequest): string {
  const data = body === null ? (base64 === null ? '' : '--data-binary @-') : `--data-raw ${shellQuote(body)}`
  const hasBody = data !== '' && body !== ''
  const pipe = hasBody && body === null ? `printf %s ${shellQuote(base64 ?? '')} | base64 -d | ` : ''
  // Without a header of ours, curl would send one of its own.
  const type = shellQuote(contentType === null ? 'Content-Type:' : `Content-Type: ${contentType}`)
  return [
    `${pipe}curl -X ${method} ${shellQuote(url)}`,
    ...(token === null ? [] : [`-H ${shellQuote(`Authorization: Bearer ${token}`)}`]),
    ...(hasBody ? [`-H ${type}`, data] : []),
  ].join(' \\\n  ')
}
