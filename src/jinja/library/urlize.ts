import { Raised } from '../error.ts'
import { isTruthy } from '../runtime/compare.ts'
import { itemsOf } from '../runtime/iterate.ts'
import { integerArgument, textArgument } from '../runtime/native.ts'
import { numeric } from '../runtime/numbers.ts'
import type { Rendering } from '../runtime/rendering.ts'
import { characters, escapeHtml, isText, plainText, splitOnSpace } from '../runtime/text.ts'
import { Markup, typeName, Undefined } from '../runtime/values.ts'
import { countText } from './text-search.ts'

const word = '\\p{L}\\p{N}_'
const url = new RegExp(
  `^(?:(?:https?://|www\\.)(?:(?:[${word}%-]+\\.)+)?(?:[a-z]{2,63}|xn--[${word}%]{2,59})|(?:[${word}%-]{2,63}\\.)+(?:com|net|int|edu|gov|org|info|mil)|https?://(?:\\d{1,3}(?:\\.\\d{1,3}){3}|\\[(?:[\\da-f]{0,4}:){2}(?:[\\da-f]{0,4}:?){1,6}\\]))(?::\\d{1,5})?(?:[/?#]\\S*)?$`,
  'iu',
)
const mail = new RegExp(`^\\S+@[${word}][${word}.-]*\\.[${word}]+$`, 'u')
const scheme = new RegExp(`^[${word}.+-]{2,}:/{0,2}$`, 'u')

/** Longest word that is looked at as an address: the patterns above walk back over long ones. */
const maxAddressLength = 2000

// biome-ignore lint/suspicious/noControlCharactersInRegex: Python counts these as white space too
const space = /([\s\x1c-\x1f\x85]+)/

interface Link {
  /** The address as it is shown. */
  shorten: (text: string) => string
  attributes: string
  schemes: readonly string[]
}

/** Jinja2's `urlize`: addresses in a text become links. */
export function linkUrls(rendering: Rendering, args: readonly unknown[]): unknown {
  const [value, limit, nofollow, target, rel, extraSchemes] = args
  const rels = new Set(isTruthy(rel) ? splitOnSpace(relText(rel)) : [])
  if (isTruthy(nofollow)) rels.add('nofollow')
  rels.add('noopener')
  const schemes = extraSchemes === null ? [] : itemsOf(rendering, extraSchemes).map((item) => textArgument(item))
  for (const name of schemes) {
    if (!scheme.test(name)) throw new Raised('FilterArgumentError', `'${name}' is not a valid URI scheme prefix.`)
  }
  const escapedRels = escapeHtml(rendering, [...rels].sort().join(' ')).text
  const targetText = target === null ? '' : ` target="${escapeHtml(rendering, target).text}"`
  const link: Link = {
    shorten: (text) => (limit === null ? text : shortened(text, limit)),
    attributes: ` rel="${escapedRels}"${targetText}`,
    schemes,
  }
  const text = escapeHtml(rendering, value).text
  rendering.characters(text.length)
  const linked = text
    .split(space)
    .map((part) => linkWord(part, link))
    .join('')
  rendering.text(linked.length)
  return rendering.escapes ? new Markup(linked) : linked
}

/** Errors: `TypeError` for a limit that is no number or, where it cuts, no integer. A text without addresses never asks. */
function relText(rel: unknown): string {
  if (isText(rel)) return plainText(rel)
  throw new Raised('AttributeError', `'${typeName(rel)}' object has no attribute 'split'`)
}

function shortened(text: string, limit: unknown): string {
  if (limit instanceof Undefined) throw limit.failure()
  const most = numeric(limit)
  if (most === undefined)
    throw new Raised('TypeError', `'>' not supported between instances of 'int' and '${typeName(limit)}'`)
  const parts = characters(text)
  return parts.length > Number(most) ? `${parts.slice(0, integerArgument(limit)).join('')}...` : text
}

function linkWord(text: string, link: Link): string {
  if (text.length > maxAddressLength) return text
  const head = /^(?:[(<]|&lt;)+/.exec(text)?.[0] ?? ''
  let middle = text.slice(head.length)
  let tail = ''
  if (/(?:[)>.,\n]|&gt;)$/.test(middle)) {
    tail = /(?:[)>.,\n]|&gt;)+$/.exec(middle)?.[0] ?? ''
    middle = middle.slice(0, middle.length - tail.length)
  }
  for (const [open, close] of [
    ['(', ')'],
    ['<', '>'],
    ['&lt;', '&gt;'],
  ] as const) {
    const opened = countText(middle, open)
    if (opened <= countText(middle, close)) continue
    for (let turn = Math.min(opened, countText(tail, close)); turn > 0; turn--) {
      const end = tail.indexOf(close) + close.length
      middle += tail.slice(0, end)
      tail = tail.slice(end)
    }
  }
  return head + linkAddress(middle, link) + tail
}

function linkAddress(text: string, link: Link): string {
  if (url.test(text)) {
    const target = /^https?:\/\//.test(text) ? text : `https://${text}`
    return `<a href="${target}"${link.attributes}>${link.shorten(text)}</a>`
  }
  if (text.startsWith('mailto:') && mail.test(text.slice(7))) return `<a href="${text}">${text.slice(7)}</a>`
  if (text.includes('@') && !text.startsWith('www.') && !text.includes(':') && mail.test(text)) {
    return `<a href="mailto:${text}">${text}</a>`
  }
  const prefix = link.schemes.find((name) => text !== name && text.startsWith(name))
  return prefix === undefined ? text : `<a href="${text}"${link.attributes}>${text}</a>`
}
