import { isIP } from 'node:net'
import { z } from 'zod'

/** What settings may hold: each reads a text, and refuses what it is not. */

/** At most `count` in every `seconds`. */
export interface RateLimit {
  count: number
  seconds: number
}

export function wholeNumber(least: number, most: number) {
  return z
    .string()
    .regex(/^\d{1,12}$/)
    .transform(Number)
    .pipe(z.number().min(least).max(most))
}

export function yesOrNo() {
  return z
    .enum(['1', 'true', 'yes', 'on', '0', 'false', 'no', 'off'])
    .transform((word) => /^(1|true|yes|on)$/.test(word))
}

const secondsIn: Record<string, number> = { s: 1, sec: 1, second: 1, m: 60, min: 60, minute: 60, h: 3600, hour: 3600 }

/** `300/5m`, `20/min`, `50/1s`; `off` is undefined. */
export function rateLimit() {
  return z.string().transform((text, context): RateLimit | undefined => {
    if (text === 'off') return undefined
    const parts = /^([1-9]\d{0,8})\/([1-9]\d{0,4})?([a-z]+)$/.exec(text)
    const unit = secondsIn[parts?.[3] ?? '']
    if (parts && unit) return { count: Number(parts[1]), seconds: Number(parts[2] ?? 1) * unit }
    context.addIssue('not a limit')
    return undefined
  })
}

/** A list separated by commas or blanks; a lone address becomes the network that holds only it. */
export function networks() {
  return z.string().transform((text, context): readonly string[] => {
    const entries = text.split(/[\s,]+/).filter((entry) => entry !== '')
    return entries.map((entry) => {
      const [address = '', prefix, ...rest] = entry.split('/')
      const bits = isIP(address) === 6 ? 128 : 32
      const length = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN
      if (isIP(address) === 0 || rest.length > 0 || !(length <= bits)) context.addIssue('not a network')
      return `${address}/${length}`
    })
  })
}

/** Without the slash at its end, so that paths can be appended. */
export function publicUrl(text: string, context: z.RefinementCtx): string {
  const url = URL.parse(text)
  const plain = url && /^https?:$/.test(url.protocol) && !url.search && !url.hash && !url.username && !url.password
  if (!plain) context.addIssue('not a public URL')
  return url?.href.replace(/\/+$/, '') ?? ''
}

export function smtpUrl(text: string, context: z.RefinementCtx): string {
  const url = URL.parse(text)
  const plain = url && /^smtps?:$/.test(url.protocol) && url.hostname && /^\/?$/.test(url.pathname) && !url.search
  if (!plain || !isDecodable(url.username) || !isDecodable(url.password))
    context.addIssue('not the URL of a mail server')
  return text
}

function isDecodable(text: string): boolean {
  return !/%(?![0-9a-f]{2})/i.test(text)
}

export function sender(text: string, context: z.RefinementCtx): string {
  const address = /^[^<>\r\n]*<([^<>]+)>$/.exec(text)?.[1] ?? text
  if (!z.email().safeParse(address).success) context.addIssue('not a sender')
  return text
}

export function databaseUrl(text: string, context: z.RefinementCtx): string {
  if (!/^postgres(ql)?:\/\/./.test(text) || !URL.canParse(text)) context.addIssue('not a database URL')
  return text
}
