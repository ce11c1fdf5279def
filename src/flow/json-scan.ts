/** The pieces of a JSON text that a pass over it must know: where strings and numbers end. They are not checked here. */

/** Nothing but what JSON allows between its parts. */
export const blankText = /^[ \t\n\r]*$/

export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

/** Index after the number that begins at `start`, as far as it looks like one. */
export function endOfNumber(text: string, start: number): number {
  let at = start
  for (let code = text.charCodeAt(at); isDigit(code) || code === 0x2e || code === 0x65 || code === 0x45; ) {
    const exponent = code === 0x65 || code === 0x45
    at += 1
    code = text.charCodeAt(at)
    if (exponent && (code === 0x2b || code === 0x2d)) code = text.charCodeAt(++at)
  }
  return at
}

/** Whether `JSON.parse` alone would change it: 16 digits may not fit a double; an exponent may overflow it; and `10.0` is a float although its value is whole. */
export function needsReviver(number: string): boolean {
  return number.length >= 16 || /[eE]|\.0*$/.test(number)
}

/** Index of the quote that closes the string opened at `start`, or the end of the text. */
export function endOfString(text: string, start: number): number {
  for (let quote = text.indexOf('"', start + 1); quote !== -1; quote = text.indexOf('"', quote + 1)) {
    let backslashes = 0
    while (text.charCodeAt(quote - 1 - backslashes) === 0x5c) backslashes += 1
    if (backslashes % 2 === 0) return quote
  }
  return text.length
}
