import { answerLimits, type Json, JsonSyntaxError, parseJson } from '../flow/json.ts'

/**
 * The body of a vendor's answer as a value: JSON and forms are read, other text is a text, and bytes that are no text
 * become what a file in a webhook is: `{content_type, size, content_base64}`.
 */
export function readReplyBody(contentType: string | undefined, body: Uint8Array): Json {
  if (body.length === 0) return null
  const type = (contentType ?? '').toLowerCase()
  if (/^application\/x-www-form-urlencoded/.test(type)) return readForm(decode(body))
  if (isText(type, body)) return readText(decode(body), type)
  return { content_type: contentType ?? '', size: body.length, content_base64: Buffer.from(body).toString('base64') }
}

/**
 * Vendors are careless about the type of their JSON (text/html, none at all), so that what looks like it is tried. Deeper or
 * larger answers are passed on as text.
 */
function readText(text: string, type: string): Json {
  const looksLikeJson = /[/+]json\b/.test(type) || /^\s*[{[]/.test(text)
  if (!looksLikeJson) return text
  try {
    return parseJson(text, answerLimits)
  } catch (error) {
    if (!(error instanceof JsonSyntaxError)) throw error
    return text // The flow still gets what was sent.
  }
}

function readForm(text: string): Json {
  return Object.fromEntries(new URLSearchParams(text))
}

function isText(type: string, body: Uint8Array): boolean {
  if (/^text\/|json|xml|javascript|csv|yaml|graphql/.test(type)) return true
  if (/^(image|audio|video|font)\/|pdf|zip|octet-stream|msword|officedocument/.test(type)) return false
  return !body.subarray(0, 1_024).includes(0)
}

function decode(body: Uint8Array): string {
  return new TextDecoder().decode(body)
}
