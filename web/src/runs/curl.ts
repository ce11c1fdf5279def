import { shellQuote } from '../builder/webhook/snippets.ts'

/** A request as it came, to be sent again. */
export interface SentRequest {
  url: string
  method: string
  contentType: string
  /** As it arrived. */
  body: string
  /** Null when the webhook asks for none. */
  token: string | null
}

/** What stands in the place of a token that is not to be seen. */
export const maskedToken = 'ey••••••'

/** The request as a command line that any shell takes literally. */
export function curlOf({ url, method, contentType, body, token }: SentRequest): string {
  const hasBody = method !== 'GET' && method !== 'HEAD' && body !== ''
  return [
    `curl -X ${method} ${shellQuote(url)}`,
    ...(token === null ? [] : [`-H ${shellQuote(`Authorization: Bearer ${token}`)}`]),
    ...(hasBody ? [`-H ${shellQuote(`Content-Type: ${contentType}`)}`, `--data-raw ${shellQuote(body)}`] : []),
  ].join(' \\\n  ')
}
