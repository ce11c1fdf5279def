import type { Completion, CompletionContext, CompletionResult } from '@codemirror/autocomplete'
import { type JsonObject, stringifyJson } from '../../../../src/flow/json.ts'
import { kindOf, membersOf } from '../../components/json-rows.ts'
import { expressionOf, isInsideBraces, pathBefore, valueAt } from './expression.ts'

/** What a template may speak of: values by reference id, and names whose value is not known yet. */
export interface TemplateScope {
  values: JsonObject
  /** Steps and variables in scope that no run has given a value. */
  names: readonly string[]
}

const words = (text: string, type: string): Completion[] => text.split(' ').map((label) => ({ label, type }))

const filters = words(
  'abs attr base64_decode base64_encode batch capitalize center convert_datetime default dictsort escape ' +
    'filesizeformat first float forceescape format groupby hmac_sha256 indent int items join jsonify last length list ' +
    'lower map max md5 min parse_json pprint random regex_replace regex_search reject rejectattr replace reverse round ' +
    'safe select selectattr sha256 slice sort string striptags sum title tojson trim truncate unique upper url_encode ' +
    'urlencode urlize wordcount wordwrap xmlattr',
  'function',
)
const tags = words(
  'if elif else endif for endfor set endset with endwith filter endfilter macro endmacro call endcall raw endraw break continue',
  'keyword',
)
const tests = words(
  'defined undefined none number string mapping sequence iterable boolean integer float even odd divisibleby eq ne lt le gt ge in lower upper true false',
  'keyword',
)
const globals = [
  ...words('uuid() range( dict( namespace(', 'function'),
  ...words('datetime date date_de date_us time unix_timestamp', 'constant'),
  ...words('true false none and or not in is if else', 'keyword'),
]
const hintCharacters = 40

/** Completes what the cursor is in: a path, a filter, a test, a tag, or a name. */
export function completeTemplate(scope: () => TemplateScope) {
  return (context: CompletionContext): CompletionResult | null => {
    const before = context.state.doc.sliceString(Math.max(0, context.pos - 5_000), context.pos)
    if (!isInsideBraces(before)) return null
    const word = context.matchBefore(/[A-Za-z_][A-Za-z0-9_]*$/)
    const from = word?.from ?? context.pos
    const head = before.slice(0, before.length - (context.pos - from))
    const options = optionsAfter(head, scope(), word !== null || context.explicit)
    return options.length === 0 ? null : { from, options, validFor: /^[A-Za-z0-9_]*$/ }
  }
}

function optionsAfter(head: string, scope: TemplateScope, asked: boolean): Completion[] {
  const path = pathBefore(head)
  if (path !== undefined) return propertiesOf(scope, path)
  const trimmed = head.trimEnd()
  if (trimmed.endsWith('|')) return filters
  if (/\{%[-+]?$/.test(trimmed)) return tags
  if (/\bis(\s+not)?$/.test(trimmed)) return tests
  if (/["']$/.test(trimmed) && !asked) return []
  const opened = /\{\{[-+]?$/.test(trimmed)
  return asked || opened ? [...namesOf(scope), ...globals] : []
}

function namesOf({ values, names }: TemplateScope): Completion[] {
  const known = Object.entries(values).map(([label, value]) => ({
    label,
    type: 'variable',
    detail: hint(value),
    boost: 10,
  }))
  const unknown = names.filter((name) => !Object.hasOwn(values, name))
  return [...known, ...unknown.map((label) => ({ label, type: 'variable', detail: 'not run yet', boost: 5 }))]
}

/** Keys of the value at a path; one that is no identifier replaces the dot by `['…']`. */
function propertiesOf({ values }: TemplateScope, path: readonly (string | number)[]): Completion[] {
  const value = valueAt(values, path)
  if (value === undefined || Array.isArray(value)) return []
  return membersOf(value).map(([key, member], index) => {
    const whole = expressionOf(['_', key]).slice(1)
    const base: Completion = { label: String(key), type: 'property', detail: hint(member), boost: 50 - index }
    if (whole.startsWith('.')) return base
    return {
      ...base,
      apply: (view, _, from, to) => {
        view.dispatch({
          changes: { from: from - 1, to, insert: whole },
          selection: { anchor: from - 1 + whole.length },
        })
      },
    }
  })
}

/** A value in a few characters, to recognise it by. */
function hint(value: Parameters<typeof kindOf>[0]): string {
  const kind = kindOf(value)
  if (kind === 'object') return `{${Object.keys(value as object).length}}`
  if (kind === 'array') return `[${(value as unknown[]).length}]`
  const text = typeof value === 'string' ? value : stringifyJson(value)
  return text.length > hintCharacters ? `${text.slice(0, hintCharacters)}…` : text
}
