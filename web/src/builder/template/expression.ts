import type { Json } from '../../../../src/flow/json.ts'
import type { JsonPath } from '../../components/json-rows.ts'

/** How values are spoken of in templates. */

const identifier = /^[A-Za-z_][A-Za-z0-9_]*$/
/** Methods of Python's dict and list: after a dot they mean the method. */
const methods = new Set(['items', 'keys', 'values', 'get', 'pop', 'update', 'copy', 'index', 'count', 'sort', 'clear'])

/** `web1.customer.id`, `web1['order-id']`, `web1.lines[0]`. */
export function expressionOf(path: JsonPath): string {
  return path
    .map((part, at) => {
      if (typeof part === 'number') return `[${part}]`
      if (at === 0) return part
      return identifier.test(part) && !methods.has(part) ? `.${part}` : `[${quote(part)}]`
    })
    .join('')
}

function quote(key: string): string {
  const escaped = key.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')
  return `'${escaped}'`
}

/** What is inserted at a place: the bare expression inside braces, with braces elsewhere. */
export function insertionFor(path: JsonPath, textBefore: string): string {
  const expression = expressionOf(path)
  return isInsideBraces(textBefore) ? expression : `{{ ${expression} }}`
}

/** Whether the end of a text lies within `{{ … }}` or `{% … %}`. */
export function isInsideBraces(textBefore: string): boolean {
  const opened = Math.max(textBefore.lastIndexOf('{{'), textBefore.lastIndexOf('{%'))
  const closed = Math.max(textBefore.lastIndexOf('}}'), textBefore.lastIndexOf('%}'))
  return opened > closed
}

/** A path as it is typed before the cursor: `web1.customer.` or `web1['order-id'].` up to the last dot. */
export function pathBefore(text: string): (string | number)[] | undefined {
  const chain =
    /([A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+|\[\d+\]|\['(?:[^'\\]|\\.)*'\]|\["(?:[^"\\]|\\.)*"\])*)\.$/.exec(
      text,
    )?.[1]
  if (chain === undefined) return undefined
  const parts = chain.match(/[A-Za-z0-9_]+|\[\d+\]|\['(?:[^'\\]|\\.)*'\]|\["(?:[^"\\]|\\.)*"\]/g) ?? []
  return parts.map((part) => {
    if (!part.startsWith('[')) return /^\d+$/.test(part) ? Number(part) : part
    return /^\[\d/.test(part) ? Number(part.slice(1, -1)) : part.slice(2, -2).replaceAll(/\\(.)/g, '$1')
  })
}

/** The value at a path, `undefined` when there is none. */
export function valueAt(root: Json, path: JsonPath): Json | undefined {
  let value: Json | undefined = root
  for (const part of path) {
    if (typeof value !== 'object' || value === null || value instanceof Number) return undefined
    value = Array.isArray(value) ? value[Number(part)] : Object.hasOwn(value, part) ? value[part] : undefined
  }
  return value
}

/** Every `{{ … }}` that puts a value into text without a filter, made safe for JSON; the quotes around it go. */
export function withTojson(template: string): string {
  return template
    .replace(/"\{\{\s*([^{}|"]+?)\s*\}\}"/g, '{{ $1 | tojson }}')
    .replace(/\{\{\s*([^{}|]+?)\s*\}\}/g, '{{ $1 | tojson }}')
}
