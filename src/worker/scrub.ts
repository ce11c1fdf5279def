import { type Json, setOwn, stringifyJson } from '../flow/json.ts'

/** What stands where a secret was. */
export const mask = '***'

/** Shorter texts are no secrets worth the name, and would be found in the middle of words. */
const shortestSecret = 6

/** Takes known secrets out of what a vendor sends back, by their value: wherever it repeats one, it is masked. */
export interface Scrubber {
  text(text: string): string
  json<Value extends Json>(value: Value): Value
  headers(headers: Record<string, string>): Record<string, string>
  bytes(bytes: Uint8Array): Uint8Array
}

/**
 * Makes a scrubber for some secrets, in every writing they are likely to come back in: as they are, escaped for an
 * address, a form or a JSON text, and in Base64.
 */
export function createScrubber(secrets: readonly string[]): Scrubber {
  const writings = [...new Set(secrets.filter(({ length }) => length >= shortestSecret).flatMap(writingsOf))]
  // The longest first: a secret may contain another one.
  writings.sort((one, other) => other.length - one.length)

  const text = (given: string): string => {
    let scrubbed = given
    for (const writing of writings) if (scrubbed.includes(writing)) scrubbed = scrubbed.replaceAll(writing, mask)
    return scrubbed
  }
  const json = (value: Json): Json => {
    if (typeof value === 'string') return text(value)
    if (typeof value === 'number' || typeof value === 'bigint' || value instanceof Number) {
      return writings.includes(String(value)) ? mask : value
    }
    if (typeof value !== 'object' || value === null) return value
    if (Array.isArray(value)) return value.map(json)
    const scrubbed: { [key: string]: Json } = {}
    for (const [key, each] of Object.entries(value)) {
      setOwn(scrubbed, text(key), json(each))
    }
    return scrubbed
  }
  return {
    text,
    json: (value) => (writings.length === 0 ? value : (json(value) as typeof value)),
    headers: (headers) => Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, text(value)])),
    bytes(bytes) {
      // One character a byte, so that bytes which are no text come out as they went in.
      const content = Buffer.from(bytes).toString('latin1')
      const scrubbed = text(content)
      return scrubbed === content ? bytes : Buffer.from(scrubbed, 'latin1')
    },
  }
}

function writingsOf(secret: string): string[] {
  const utf8 = Buffer.from(secret)
  const escaped = encodeURIComponent(secret.toWellFormed())
  return [
    secret,
    escaped,
    escaped.replaceAll('%20', '+'),
    escaped.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    encodeURI(secret.toWellFormed()),
    stringifyJson(secret).slice(1, -1),
    stringifyJson(secret).slice(1, -1).replaceAll('/', '\\/'),
    encodeURIComponent(stringifyJson(secret.toWellFormed()).slice(1, -1)),
    ...base64Cores(utf8),
    ...base64Cores(utf8).map((core) => encodeURIComponent(core)),
    ...base64Cores(utf8).map((core) => core.replaceAll('+', '-').replaceAll('/', '_')),
    utf8.toString('hex'),
    utf8.toString('hex').toUpperCase(),
    utf8.toString('latin1'),
  ].filter(({ length }) => length >= shortestSecret)
}

/**
 * How a text looks within the Base64 of a longer one: three bytes make four characters, so it depends on where it begins.
 * Those at its edges, which hold bits of its neighbours too, are left out.
 */
function base64Cores(utf8: Buffer): string[] {
  return [0, 1, 2].map((shift) => {
    const characters = Buffer.concat([Buffer.alloc(shift), utf8]).toString('base64')
    return characters.slice(Math.ceil((shift * 8) / 6), Math.floor(((shift + utf8.length) * 8) / 6))
  })
}
