const begins = /[\u2066-\u2068]/
const isolations = /[\u2066-\u2069]/g
/** Letters that are written from right to left, and signs that turn or mark a direction. */
const turning =
  /[\u0590-\u08ff\u200e\u200f\u202a-\u202e\u2066-\u2069\ufb1d-\ufdff\ufe70-\ufeff\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u

/**
 * The text without signs that end an isolation which it has not begun: they mean nothing in it (UAX #9, X6a). But browsers
 * read what stands on a line as one run of signs, where they would end the isolation around the text.
 */
export function withoutStrayEnds(text: string): string {
  let depth = 0
  return text.replace(isolations, (sign) => {
    if (begins.test(sign)) depth++
    else if (depth === 0) return ''
    else depth--
    return sign
  })
}

/** What `Foreign` does, within a string: a text that turns no direction stays as it is. */
export function isolated(text: string): string {
  return turning.test(text) ? `\u2068${withoutStrayEnds(text)}\u2069` : text
}
