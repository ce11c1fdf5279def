import type { SignatureScheme } from '../connectors/schema/signature-scheme.ts'
import { bodyWritings } from './body-writings.ts'
import { equalTexts } from './shared-token.ts'
import {
  bodyHashHolds,
  decode,
  headerNames,
  isSignedWith,
  readHeader,
  readParts,
  type SigningScheme,
  signedContent,
  verifySignature,
} from './signature.ts'
import { headerValue, type LabelledSecret, type SignedRequest } from './signed-request.ts'

/**
 * Says why a signature does not hold, by finding out what would have made it hold. The work is bounded: a few hundred
 * hashes of one body, and none of the re-writing for bodies over 256 KiB.
 */
export interface SignatureDiagnosis {
  diagnosis:
    | 'missing_header'
    | 'clock'
    | 'missing_prefix'
    | 'wrong_encoding'
    | 'old_secret'
    | 'wrong_secret_form'
    | 'wrong_url'
    | 'reserialised_body'
    | 'wrong_algorithm'
    | 'wrong_signed_text'
    | 'changed_body'
    | 'wrong_secret'
  explanation: string
}

/** What the doctor may know beside the request; `former` are secrets that are no longer accepted. */
export interface DoctorFacts {
  secrets: readonly LabelledSecret[]
  former?: readonly LabelledSecret[]
  /** Addresses this endpoint had, or still has elsewhere. */
  otherUrls?: readonly string[]
  now: Date
}

/** A signature as someone may have meant it. */
interface Candidate {
  bytes: Buffer
  encoding: 'hex' | 'base64' | 'base64url'
  /** Whether the header was written as the scheme says. */
  asDeclared: boolean
}

/** One thing to change, and what it means if the signature then holds. */
interface Trial extends SignatureDiagnosis {
  scheme: SigningScheme
  request: SignedRequest
  secrets: readonly LabelledSecret[]
}

/** The diagnosis of a refused signature, or undefined when nothing is wrong with it. */
export function diagnoseSignature(
  scheme: SignatureScheme,
  request: SignedRequest,
  facts: DoctorFacts,
): SignatureDiagnosis | undefined {
  const verification = verifySignature(scheme, request, facts.secrets, facts.now)
  if (verification.ok) return undefined
  if (scheme.scheme === 'token' || scheme.scheme === 'basic_auth') return diagnoseToken(scheme, request, facts)
  if (verification.reason === 'expired') return clock(scheme, request, facts.now)

  if (!bodyHashHolds(scheme, request)) return otherBody(scheme, request)
  const candidates = candidatesIn(scheme, request)
  if (candidates.length === 0) return missingHeader(headerNames(scheme)[0]!)
  const parts = readParts(scheme, request)
  if (parts === 'missing_header') return missingHeader(scheme.timestamp?.header ?? scheme.id?.header ?? 'timestamp')
  const timed = { timestamp: timestampOf(scheme, request), id: idOf(scheme, request) }

  for (const trial of trials(scheme, request, facts)) {
    const content = signedContent(trial.scheme, trial.request, timed)
    if (content === undefined) continue
    const match = candidates.find(({ bytes }) =>
      trial.secrets.some(({ secret }) => secret !== '' && isSignedWith(trial.scheme, secret, content, [bytes])),
    )
    if (match === undefined) continue
    if (trial.diagnosis !== 'wrong_secret') return { diagnosis: trial.diagnosis, explanation: trial.explanation }
    return wrongWriting(scheme, match)
  }
  return {
    diagnosis: 'wrong_secret',
    explanation:
      'None of the known secrets makes this signature, in no usual way of writing the body. Either the sender signs with another secret, or the body was changed on its way.',
  }
}

/** From the most likely to the least. The first changes nothing: it finds what is right but wrongly written down. */
function* trials(scheme: SigningScheme, request: SignedRequest, facts: DoctorFacts): Generator<Trial> {
  const { secrets, former = [] } = facts
  const same = { scheme, request, secrets }
  yield { ...same, diagnosis: 'wrong_secret', explanation: '' }
  for (const each of former) {
    const explanation = `It was signed with a former secret (${each.label}). The sender must be given the new one.`
    yield { ...same, secrets: [each], diagnosis: 'old_secret', explanation }
  }
  for (const { name, change } of secretForms(scheme)) {
    const changed = secrets.map(({ secret, label }) => ({ secret: change(secret), label }))
    const explanation = `The secret is right, but the sender uses it ${name}.`
    yield { ...same, scheme: { ...scheme, ...plainKey }, secrets: changed, diagnosis: 'wrong_secret_form', explanation }
  }
  if (scheme.signed.includes('{url}')) {
    for (const url of urlVariants(request, facts.otherUrls ?? [])) {
      const explanation = `The sender signed the address ${url}, but it arrived at ${request.url}. Check the public URL and what stands in front of Hookline.`
      yield { ...same, request: { ...request, url }, diagnosis: 'wrong_url', explanation }
    }
  }
  for (const { name, bytes } of bodyWritings(request.rawBody)) {
    yield { ...same, request: { ...request, rawBody: bytes }, ...reserialised(name) }
  }
  if (scheme.scheme === 'hmac') {
    for (const algorithm of ['sha1', 'sha256', 'sha384', 'sha512'] as const) {
      const explanation = `The sender signs with HMAC-${algorithm.toUpperCase()}, expected is ${scheme.algorithm.toUpperCase()}.`
      yield { ...same, scheme: { ...scheme, algorithm }, diagnosis: 'wrong_algorithm', explanation }
    }
  }
  for (const signed of [
    '{body}',
    '{timestamp}.{body}',
    '{timestamp}{body}',
    '{id}.{timestamp}.{body}',
    '{url}{body}',
  ]) {
    const explanation = `The sender signs ${signed}, expected is ${scheme.signed}.`
    yield { ...same, scheme: { ...scheme, signed }, diagnosis: 'wrong_signed_text', explanation }
  }
}

/** Tried secrets are given as Base64 of the very bytes, so that any form of them can be said. */
const plainKey = { secret_encoding: 'base64', secret_prefix: undefined } as const

function secretForms(scheme: SigningScheme): { name: string; change(secret: string): string }[] {
  if (scheme.scheme !== 'hmac') return []
  const { secret_prefix: prefix = '' } = scheme
  const bare = (secret: string): string => (secret.startsWith(prefix) ? secret.slice(prefix.length) : secret)
  const base64 = (bytes: Buffer): string => bytes.toString('base64')
  return [
    { name: 'with white space around it', change: (secret) => base64(Buffer.from(`${secret}\n`)) },
    {
      name: 'without the white space around it',
      change: (secret) => base64(Buffer.from(bare(secret).trim(), scheme.secret_encoding)),
    },
    { name: `with its prefix and as plain text`, change: (secret) => base64(Buffer.from(secret)) },
    { name: 'as plain text, not decoded', change: (secret) => base64(Buffer.from(bare(secret))) },
    { name: 'decoded from Base64', change: (secret) => base64(Buffer.from(bare(secret), 'base64')) },
    { name: 'decoded from hexadecimal', change: (secret) => base64(Buffer.from(bare(secret), 'hex')) },
  ]
}

function urlVariants(request: SignedRequest, others: readonly string[]): string[] {
  if (!URL.canParse(request.url)) return [...others]
  const url = new URL(request.url)
  const hosts = ['x-forwarded-host', 'x-original-host', 'host']
    .flatMap((name) => headerValue(request, name)?.split(',')[0]?.trim() ?? [])
    .concat(url.host)
  const addresses = [...new Set(hosts)].flatMap((host) =>
    ['https', 'http'].flatMap((protocol) => {
      const [bare = host] = host.split(':')
      const port = protocol === 'https' ? 443 : 80
      return [host, bare, `${bare}:${port}`].flatMap((name) =>
        [url.pathname, url.pathname.replace(/\/$/, ''), `${url.pathname}/`].flatMap((path) =>
          [url.search, ''].map((search) => `${protocol}://${name}${path}${search}`),
        ),
      )
    }),
  )
  const decoded = [...others, ...addresses].flatMap((each) => [each, decodeURI(each), encodeURI(each)])
  return [...new Set(decoded)].filter((each) => each !== request.url).slice(0, 120)
}

/** Everything in the header that may be a signature in some encoding, the declared one first. */
function candidatesIn(scheme: SigningScheme, request: SignedRequest): Candidate[] {
  const values = headerNames(scheme).flatMap((name) => headerValue(request, name) ?? [])
  const declared = new Set(
    values
      .flatMap((value) => readHeader(scheme, value))
      .flatMap(([field, text]) => (field === 'signature' ? text : [])),
  )
  const pieces = values.flatMap((value) => [value, ...value.split(/[,;\s]+/)]).map((each) => each.trim())
  const texts = [...declared, ...pieces.flatMap((each) => [each, each.replace(/^[\w-]{1,16}[=:]/, '')])]
  const encodings = [scheme.encoding, 'hex', 'base64', 'base64url'] as const
  const found = [...new Set(texts)].slice(0, 24).flatMap((text) =>
    [...new Set(encodings)].flatMap((encoding) => {
      const bytes = decode(text, encoding)
      return bytes === undefined || bytes.length < 16 ? [] : [{ bytes, encoding, asDeclared: declared.has(text) }]
    }),
  )
  return found.slice(0, 32)
}

/** The signature is right as bytes; what is wrong is how it stands in the header. */
function wrongWriting(scheme: SigningScheme, { encoding, asDeclared }: Candidate): SignatureDiagnosis {
  const header = headerNames(scheme)[0]!
  if (encoding !== scheme.encoding) {
    const explanation = `The signature is right, but the header ${header} has it as ${encoding}; expected is ${scheme.encoding}.`
    return { diagnosis: 'wrong_encoding', explanation }
  }
  const what = asDeclared ? 'in another order or with something missing' : `without what belongs before it`
  const explanation = `The signature is right, but stands in the header ${header} ${what}; expected is ${scheme.header_format}.`
  return { diagnosis: 'missing_prefix', explanation }
}

/** The hash in the address does not fit the body. */
function otherBody(scheme: SigningScheme, request: SignedRequest): SignatureDiagnosis {
  const writing = bodyWritings(request.rawBody).find(({ bytes }) =>
    bodyHashHolds(scheme, { ...request, rawBody: bytes }),
  )
  if (writing !== undefined) return reserialised(writing.name)
  return {
    diagnosis: 'changed_body',
    explanation: 'The hash in the address is of another body: it was changed on its way.',
  }
}

function reserialised(name: string): SignatureDiagnosis {
  const explanation = `The signature fits ${name}, not the bytes that arrived: something on the way parsed the body and wrote it anew.`
  return { diagnosis: 'reserialised_body', explanation }
}

function clock(scheme: SigningScheme, request: SignedRequest, now: Date): SignatureDiagnosis {
  const parts = readParts(scheme, request)
  const signedAt = typeof parts === 'string' ? undefined : parts.signedAt
  const seconds = Math.round((now.getTime() - (signedAt ?? now).getTime()) / 1000)
  const explanation = `The signature is right, but was made ${Math.abs(seconds)} s ${seconds > 0 ? 'ago' : 'in the future'}; allowed are ${scheme.tolerance_seconds} s. Either the delivery was replayed, or a clock is wrong.`
  return { diagnosis: 'clock', explanation }
}

function missingHeader(name: string): SignatureDiagnosis {
  const explanation = `There is no header ${name}. Either the sender does not sign, or something on the way dropped it.`
  return { diagnosis: 'missing_header', explanation }
}

function timestampOf(scheme: SigningScheme, request: SignedRequest): string | undefined {
  const parts = readParts(scheme, request)
  if (typeof parts !== 'string') return parts.timestamp
  const name = scheme.timestamp?.header
  if (name !== undefined) return headerValue(request, name)
  // The header is not as declared; its digits are still likely to be the time.
  return /\b\d{10,13}\b/.exec(
    headerNames(scheme)
      .map((each) => headerValue(request, each) ?? '')
      .join(' '),
  )?.[0]
}

function idOf(scheme: SigningScheme, request: SignedRequest): string | undefined {
  return scheme.id === undefined ? undefined : headerValue(request, scheme.id.header)
}

/** For schemes whose secret comes along as it is. */
function diagnoseToken(
  scheme: Extract<SignatureScheme, { scheme: 'token' | 'basic_auth' }>,
  request: SignedRequest,
  { secrets, former = [], now }: DoctorFacts,
): SignatureDiagnosis {
  const place = scheme.scheme === 'basic_auth' ? 'authorization' : scheme.header
  const value = place === undefined ? undefined : headerValue(request, place)
  const verification = verifySignature(scheme, request, former, now)
  if (verification.ok) {
    const explanation = `The token is a former one (${verification.secret}). The sender must be given the new one.`
    return { diagnosis: 'old_secret', explanation }
  }
  if (verification.reason === 'missing_header') return missingHeader(place ?? 'with the token')
  const expected = secrets.flatMap(({ secret }) =>
    scheme.scheme === 'basic_auth' ? [secret, `${scheme.username}:${secret}`] : [secret],
  )
  const bare = (value ?? '').replace(/^\w+ +/, '')
  const isOneOf = (text: string): boolean => expected.some((each) => equalTexts(each, text))
  if (isOneOf(bare) || isOneOf(value ?? '')) {
    const explanation = `The token is right, but the header ${place} holds it in another form than expected.`
    return { diagnosis: scheme.scheme === 'token' ? 'missing_prefix' : 'wrong_encoding', explanation }
  }
  const base64 = Buffer.from(bare, 'base64').toString()
  if (isOneOf(base64) || isOneOf(bare.trim()) || isOneOf(decodeHex(bare))) {
    if (scheme.scheme === 'basic_auth') {
      const explanation = 'The login is right, but "Basic " does not stand before it.'
      return { diagnosis: 'missing_prefix', explanation }
    }
    return { diagnosis: 'wrong_encoding', explanation: `The token is right, but the header ${place} has it encoded.` }
  }
  return { diagnosis: 'wrong_secret', explanation: 'The token is not one of those that were given out.' }
}

function decodeHex(text: string): string {
  return Buffer.from(text, 'hex').toString()
}
