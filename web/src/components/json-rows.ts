import { type Json, stringifyJson } from '../../../src/flow/json.ts'

/** A JSON value as rows of a tree: what is folded has none. Pure, so that a megabyte costs only what is open. */

export type JsonPath = readonly (string | number)[]

export interface JsonRow {
  /** Unique within the tree: the path as JSON. */
  id: string
  path: JsonPath
  /** Key or index; the tree's own name for the root. */
  name: string
  /** From 1, as `aria-level` counts. */
  level: number
  position: number
  siblings: number
  kind: 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null'
  /** Members, for objects and arrays. */
  size: number
  /** The value on one line, shortened. */
  text: string
  open: boolean
  value: Json
}

const shownCharacters = 200
/** Members listed of one object or array; more are reached by search or in the raw text. */
export const maxListedMembers = 5_000

export function kindOf(value: Json): JsonRow['kind'] {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'bigint' || value instanceof Number) return 'number'
  return typeof value as JsonRow['kind']
}

/** The members of an object or array; none for anything else. */
export function membersOf(value: Json): [string | number, Json][] {
  if (Array.isArray(value)) return value.slice(0, maxListedMembers).map((each, index) => [index, each])
  return kindOf(value) === 'object' ? Object.entries(value as object).slice(0, maxListedMembers) : []
}

export function rowId(path: JsonPath): string {
  return JSON.stringify(path)
}

/** The visible rows. `isOpen` decides by row id and depth, so that a tree starts folded below some level. */
export function jsonRows(root: Json, name: string, isOpen: (id: string, level: number) => boolean): JsonRow[] {
  const rows: JsonRow[] = []
  const add = (value: Json, path: JsonPath, label: string, position: number, siblings: number) => {
    const kind = kindOf(value)
    const id = rowId(path)
    const level = path.length + 1
    const size = Array.isArray(value) ? value.length : kind === 'object' ? Object.keys(value as object).length : 0
    const open = size > 0 && isOpen(id, level)
    rows.push({ id, path, name: label, level, position, siblings, kind, size, text: lineOf(value, kind), open, value })
    if (!open) return
    for (const [index, [key, member]] of membersOf(value).entries()) {
      add(member, [...path, key], String(key), index + 1, size)
    }
  }
  add(root, [], name, 1, 1)
  return rows
}

function lineOf(value: Json, kind: JsonRow['kind']): string {
  if (kind === 'object' || kind === 'array') return ''
  if (kind === 'string') {
    const shown = (value as string).slice(0, shownCharacters)
    return stringifyJson(shown) + ((value as string).length > shownCharacters ? '…' : '')
  }
  return stringifyJson(value)
}
