const simple: Record<string, string> = {
  '\\': '\\',
  "'": "'",
  '"': '"',
  '\n': '',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}
const hexDigits: Record<string, number> = { x: 2, u: 4, U: 8 }

/**
 * The text of a string literal (without its quotes), with Python's escapes replaced.
 *
 * Unknown escapes stay as they are. A backslash before a character outside ASCII comes out as that character's escape:
 * Jinja2 escapes such characters before it unescapes the whole.
 */
export function unescapeString(body: string): { text: string; error?: string } {
  let from = body.indexOf('\\')
  if (from === -1) return { text: body }
  let text = body.slice(0, from)
  while (from < body.length) {
    if (body[from] !== '\\') {
      const next = body.indexOf('\\', from)
      text += body.slice(from, next === -1 ? undefined : next)
      from = next === -1 ? body.length : next
      continue
    }
    const kind = body[from + 1] ?? ''
    if (Object.hasOwn(simple, kind)) {
      text += simple[kind]!
      from += 2
    } else if (Object.hasOwn(hexDigits, kind)) {
      const width = hexDigits[kind]!
      const digits = new RegExp(`^[0-9a-fA-F]{${width}}`).exec(body.slice(from + 2, from + 2 + width))?.[0]
      if (digits === undefined) return { text, error: `truncated \\${kind}${'X'.repeat(width)} escape` }
      const code = Number.parseInt(digits, 16)
      if (code > 0x10ffff) return { text, error: 'illegal Unicode character' }
      text += code <= 0xffff ? String.fromCharCode(code) : String.fromCodePoint(code)
      from += 2 + width
    } else if (kind >= '0' && kind <= '7' && kind !== '') {
      const digits = /^[0-7]{1,3}/.exec(body.slice(from + 1, from + 4))![0]
      text += String.fromCharCode(Number.parseInt(digits, 8))
      from += 1 + digits.length
    } else if (kind === 'N') {
      return { text, error: 'malformed \\N character escape' }
    } else if (kind.charCodeAt(0) >= 0x80) {
      const code = body.codePointAt(from + 1)!
      const hex = code.toString(16)
      text += `\\${code <= 0xff ? `x${hex}` : code <= 0xffff ? `u${hex.padStart(4, '0')}` : `U${hex.padStart(8, '0')}`}`
      from += 1 + (code > 0xffff ? 2 : 1)
    } else {
      text += `\\${kind}`
      from += 2
    }
  }
  return { text }
}
