/**
 * A text that users or vendors chose, as it stands in our sentences and lists: whatever it contains to turn the direction
 * of writing, it turns nothing around it. Every such text goes through here.
 */
export function Foreign({ children, className }: { children: string; className?: string | undefined }) {
  return <bdi className={className}>{withoutStrayEnds(children)}</bdi>
}

const beginnings = /[\u2066-\u2068]/
const controls = /[\u2066-\u2069]/g

/**
 * A sign that ends an isolation which the text has not begun means nothing in it (UAX #9, X6a); but browsers make one run
 * of signs of what stands on a line, where it would end the isolation of `<bdi>` itself.
 */
export function withoutStrayEnds(text: string): string {
  let depth = 0
  return text.replace(controls, (sign) => {
    if (beginnings.test(sign)) depth++
    else if (depth === 0) return ''
    else depth--
    return sign
  })
}
