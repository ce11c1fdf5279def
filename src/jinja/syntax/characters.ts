/**
 * White space and names as Python's `str` and `re` see them. JavaScript's `\s` differs: it lacks U+001C–U+001F and
 * U+0085 and has U+FEFF.
 */
export function isPythonSpace(code: number): boolean {
  if (code < 0x80) return code === 0x20 || (code >= 0x09 && code <= 0x0d) || (code >= 0x1c && code <= 0x1f)
  if (code < 0x1680) return code === 0x85 || code === 0xa0
  return (
    code === 0x1680 ||
    (code >= 0x2000 && code <= 0x200a) ||
    code === 0x2028 ||
    code === 0x2029 ||
    code === 0x202f ||
    code === 0x205f ||
    code === 0x3000
  )
}

export function skipPythonSpace(text: string, from: number): number {
  let at = from
  while (at < text.length && isPythonSpace(text.charCodeAt(at))) at += 1
  return at
}

export function trimEndPython(text: string): string {
  let end = text.length
  while (end > 0 && isPythonSpace(text.charCodeAt(end - 1))) end -= 1
  return text.slice(0, end)
}

export function trimStartPython(text: string): string {
  return text.slice(skipPythonSpace(text, 0))
}

const asciiName = /[A-Za-z_0-9]+/y
const anyName = /[\p{XID_Continue}\p{L}\p{N}_]+/uy
const identifier = /^[\p{XID_Start}_]\p{XID_Continue}*$/u

/** The run of name characters at an offset, or ''. */
export function identifierAt(text: string, at: number): string {
  asciiName.lastIndex = at
  const ascii = asciiName.exec(text)?.[0] ?? ''
  if (!(text.charCodeAt(at + ascii.length) >= 0x80)) return ascii
  anyName.lastIndex = at
  return anyName.exec(text)?.[0] ?? ''
}

export function isIdentifier(text: string): boolean {
  return identifier.test(text)
}
