import type { Member, NativeFunction, NativeParameter } from '../runtime/rendering.ts'
import { isFloat } from '../runtime/values.ts'
import { globalFunctions } from './globals.ts'
import { library } from './library.ts'
import { membersOf } from './members.ts'
import { filterRows } from './reference-filters.ts'
import { dictMethodRows, listMethodRows, numberMethodRows, textMethodRows } from './reference-methods.ts'
import type { ReferenceRow } from './reference-row.ts'
import { functionRows, testRows, wildcardRows } from './reference-tests.ts'

export type ReferenceKind = 'filter' | 'test' | 'function' | 'method' | 'wildcard'

/** One name that templates can use, for editors and for the manual. */
export interface ReferenceEntry {
  kind: ReferenceKind
  name: string
  /** As it is written in a template, with its optional arguments: `truncate(length=255, …)`. */
  signature: string
  /** One sentence. */
  doc: string
  /** A template that shows it; it needs no data. */
  example: string
  /** What the example renders (wildcards at `referenceTime`). */
  result: string
  /** The type a method belongs to. */
  of?: 'text' | 'list' | 'dict' | 'number'
}

/** The moment for which the examples of the wildcards hold. */
export const referenceTime = '2019-06-01T09:09:01Z'

function parameterText(parameter: NativeParameter): string {
  if (parameter.kind === 'rest') return `*${parameter.name}`
  if (parameter.kind === 'named') return `**${parameter.name}`
  return parameter.isRequired ? parameter.name : `${parameter.name}=${defaultText(parameter.default)}`
}

function defaultText(value: unknown): string {
  if (value === null) return 'none'
  if (typeof value === 'string') return `'${value}'`
  return isFloat(value) && Number.isInteger(value.valueOf()) ? `${value}.0` : String(value)
}

/** The signature without the value that a filter, test or method is applied to. */
function signatureOf(name: string, fn: NativeFunction | undefined, appliesTo: boolean): string {
  if (fn === undefined) return name
  const parameters = fn.parameters.slice(appliesTo ? 1 : 0).map(parameterText)
  return parameters.length === 0 && appliesTo ? name : `${name}(${parameters.join(', ')})`
}

function entries(
  kind: ReferenceKind,
  rows: readonly ReferenceRow[],
  signature: (name: string) => string,
  of?: ReferenceEntry['of'],
): ReferenceEntry[] {
  return rows.map(([name, doc, example, result]) => ({
    kind,
    name,
    signature: signature(name),
    doc,
    example,
    result,
    ...(of !== undefined && { of }),
  }))
}

function methodEntries(
  rows: readonly ReferenceRow[],
  of: NonNullable<ReferenceEntry['of']>,
  ...samples: unknown[]
): ReferenceEntry[] {
  const find = (name: string): Member | undefined =>
    samples.map((sample) => membersOf(sample)?.get(name)).find((member) => member !== undefined)
  return entries(
    'method',
    rows,
    (name) => {
      const member = find(name)
      const shown = signatureOf(name, typeof member === 'function' ? undefined : member, true)
      return shown.endsWith(')') ? shown : `${shown}()`
    },
    of,
  )
}

/** Everything that templates can use by name, in the order of the manual. */
export const reference: readonly ReferenceEntry[] = [
  ...entries('filter', filterRows, (name) => signatureOf(name, library.filters.get(name), true)),
  ...entries('test', testRows, (name) => signatureOf(name, library.tests.get(name), true)),
  ...entries('function', functionRows, (name) =>
    signatureOf(name, globalFunctions.find(({ fn }) => fn.name === name)?.fn, false),
  ),
  ...entries('wildcard', wildcardRows, (name) => name),
  ...methodEntries(textMethodRows, 'text', ''),
  ...methodEntries(listMethodRows, 'list', []),
  ...methodEntries(dictMethodRows, 'dict', {}),
  ...methodEntries(numberMethodRows, 'number', 1, 1.5),
]
