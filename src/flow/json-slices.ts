import {
  checkNumber,
  isJsonObject,
  type Json,
  type JsonLimits,
  type JsonObject,
  JsonSyntaxError,
  jsonFault,
  located,
  parseJson,
  setOwn,
  stringifyJson,
} from './json.ts'
import { blankText, endOfNumber, endOfString, isDigit } from './json-scan.ts'

/**
 * Large JSON, piece by piece: `JSON.parse` and `JSON.stringify` do the work, a slice at a time, and whoever drives these
 * generators can let others have their turn at each `yield`. A slice takes a millisecond or two; at once, a text of 10 MB
 * takes half a second.
 */

/** Weight of a slice: a character is 1, and a value, however small, as much as 8 of them. */
const usualSlice = 64 * 1024
const valueWeight = 8

/** Of one object. One of more members grows, and is listed, in steps that take longer than 25 ms. */
const maxMembers = 100_000

/** A list or object whose text is longer than a slice, cut at some of its own commas. */
interface Large {
  isObject: boolean
  /** Of its opening bracket. */
  start: number
  /** After its closing one. */
  end: number
  parts: Part[]
}

/** Some of its members, or one that is large itself. */
interface Part {
  from: number
  to: number
  large: Large | undefined
}

/** One that is being read: what `Large` needs, and where the next cut may be made. */
interface Open extends Large {
  /** Where the next part begins, and the last comma in it, if there is one. */
  from: number
  comma: number
  large: Large | undefined
  /** Values read when the part began. */
  nodes: number
  members: number
}

/**
 * As `parseJson`: the same values from the same texts, and the same errors, but for the limit of values, where it stops at
 * the first one too many, and a limit of 100,000 members of one object.
 */
export function* parseJsonInSlices(text: string, limits: JsonLimits, slice = usualSlice): Generator<void, Json> {
  try {
    const root = yield* findLarge(text, limits, slice)
    return root === undefined ? parseJson(text, limits) : yield* readLarge(text, root, limits)
  } catch (cause) {
    if (cause instanceof JsonSyntaxError && !(cause instanceof PartFault)) throw cause
    yield
    throw jsonFault(text, cause)
  }
}

/** A slice can't be read, wherever in the text that is. */
class PartFault extends JsonSyntaxError {
  constructor(cause?: unknown) {
    super('a part is not JSON', 1, 1, cause)
  }
}

/** Undefined when nothing in the text is large. Errors: `PartFault` when its brackets don't match. */
function* findLarge(text: string, limits: JsonLimits, slice: number): Generator<void, Large | undefined> {
  const open: Open[] = []
  let nodes = 1
  let root: Large | undefined
  let pauseAt = slice
  for (let at = 0; at < text.length; at++) {
    if (at >= pauseAt) {
      yield
      pauseAt = at + slice
    }
    const code = text.charCodeAt(at)
    if (code === 0x22) {
      at = endOfString(text, at)
    } else if (code === 0x2c) {
      nodes += 1
      const inner = open.at(-1)
      if (inner === undefined) throw new PartFault()
      inner.members += 1
      if (inner.isObject && inner.members > maxMembers) {
        throw located(text, at, `expected at most ${maxMembers} members of one object, found more`)
      }
      const isDue = at - inner.from >= slice || (nodes - inner.nodes) * valueWeight >= slice
      if (isDue || inner.large !== undefined) cut(inner, at, nodes)
      else inner.comma = at
    } else if (code === 0x7b || code === 0x5b) {
      nodes += 1
      if (open.length === limits.maxDepth)
        throw located(text, at, `expected at most ${limits.maxDepth} levels of nesting, found more`)
      const from = at + 1
      open.push({
        isObject: code === 0x7b,
        start: at,
        end: at,
        parts: [],
        from,
        comma: -1,
        large: undefined,
        nodes,
        members: 1,
      })
    } else if (code === 0x7d || code === 0x5d) {
      const closed = open.pop()
      if (closed === undefined || closed.isObject !== (code === 0x7d)) throw new PartFault()
      const large = close(closed, at, nodes, slice)
      const outer = open.at(-1)
      if (outer === undefined) {
        if (!blankText.test(text.slice(at + 1))) throw new PartFault()
        root = large
      } else if (large !== undefined) {
        // It gets a part of its own, behind what stands before it.
        if (outer.comma >= outer.from) cut(outer, outer.comma, outer.nodes)
        outer.large = large
      }
    } else if (isDigit(code)) {
      const end = endOfNumber(text, at)
      checkNumber(text, at, end)
      at = end - 1
    }
    if (nodes > limits.maxNodes) throw located(text, at, `expected at most ${limits.maxNodes} values, found more`)
  }
  if (open.length > 0 || !blankText.test(text.slice(0, root?.start ?? 0))) throw new PartFault()
  return root
}

function cut(open: Open, at: number, nodes: number): void {
  open.parts.push({ from: open.from, to: at, large: open.large })
  open.from = at + 1
  open.large = undefined
  open.nodes = nodes
}

/** Large is what was cut, or would have been: a single member may be as long as all the text. */
function close(open: Open, at: number, nodes: number, slice: number): Large | undefined {
  if (open.parts.length === 0 && open.large === undefined && at - open.start < slice) return undefined
  cut(open, at, nodes)
  const { isObject, start, parts } = open
  return { isObject, start, end: at + 1, parts }
}

function* readLarge(text: string, { isObject, parts }: Large, limits: JsonLimits): Generator<void, Json> {
  const list: Json[] = []
  const object: JsonObject = {}
  for (const { from, to, large } of parts) {
    yield
    if (large === undefined) {
      const members = readPart(`${isObject ? '{' : '['}${text.slice(from, to)}${isObject ? '}' : ']'}`, limits)
      const count = isObject ? addMembers(object, members as JsonObject) : addItems(list, members as Json[])
      // A comma has a value on both sides.
      if (count === 0 && parts.length > 1) throw new PartFault()
      continue
    }
    if (!blankText.test(text.slice(large.end, to))) throw new PartFault()
    const before = text.slice(from, large.start)
    if (isObject) {
      const [key, ...more] = Object.keys(readPart(`{${before}null}`, limits) as JsonObject)
      if (key === undefined || more.length > 0) throw new PartFault()
      setOwn(object, key, yield* readLarge(text, large, limits))
    } else {
      if (!blankText.test(before)) throw new PartFault()
      list.push(yield* readLarge(text, large, limits))
    }
  }
  return isObject ? object : list
}

function readPart(text: string, limits: JsonLimits): Json {
  try {
    return parseJson(text, limits)
  } catch (cause) {
    throw new PartFault(cause)
  }
}

function addItems(list: Json[], items: readonly Json[]): number {
  for (const item of items) list.push(item)
  return items.length
}

function addMembers(object: JsonObject, members: JsonObject): number {
  const keys = Object.keys(members)
  for (const key of keys) setOwn(object, key, members[key]!)
  return keys.length
}

/** As `stringifyJson`, without indentation: the same text. */
export function* stringifyJsonInSlices(value: Json, slice = usualSlice): Generator<void, string> {
  const isLarge = weigh(value, slice) >= slice
  if (isLarge && Array.isArray(value)) return `[${yield* writeMembers(value, undefined, slice)}]`
  if (isLarge && isJsonObject(value)) return `{${yield* writeMembers(value, Object.keys(value), slice)}}`
  return stringifyJson(value)
}

/** What stands between the brackets. */
function* writeMembers(
  value: Json[] | JsonObject,
  keys: readonly string[] | undefined,
  slice: number,
): Generator<void, string> {
  const memberAt = (at: number) => (keys === undefined ? (value as Json[])[at] : (value as JsonObject)[keys[at]!])!
  const count = keys?.length ?? (value as Json[]).length
  const texts: string[] = []
  let from = 0
  let weight = 0
  const flush = (to: number) => {
    if (to > from) texts.push(writeGroup(value, keys?.slice(from, to), from, to))
    from = to
    weight = 0
  }
  for (let at = 0; at < count; at++) {
    const member = memberAt(at)
    const weighed = weigh(member, slice)
    if (weighed >= slice) {
      flush(at)
      const written = yield* stringifyJsonInSlices(member, slice)
      texts.push(keys === undefined ? written : `${stringifyJson(keys[at]!)}:${written}`)
      from = at + 1
      yield
    } else {
      weight += weighed + (keys?.[at]?.length ?? 0)
      if (weight < slice) continue
      flush(at + 1)
      yield
    }
  }
  flush(count)
  return texts.join(',')
}

function writeGroup(value: Json[] | JsonObject, keys: readonly string[] | undefined, from: number, to: number): string {
  if (keys === undefined) return stringifyJson((value as Json[]).slice(from, to)).slice(1, -1)
  // Without a prototype, for the sake of a key `__proto__`.
  const group = Object.create(null) as JsonObject
  for (const key of keys) group[key] = (value as JsonObject)[key]!
  return stringifyJson(group).slice(1, -1)
}

/** Writing its digits takes time that grows with their square. */
const bigintWeight = 512

/** How much there is to write; no longer looked into once it is known to be `most`. */
function weigh(value: Json, most: number): number {
  if (typeof value === 'string') return value.length + valueWeight
  if (typeof value === 'bigint') return bigintWeight
  if (typeof value !== 'object' || value === null || value instanceof Number) return valueWeight
  let weight = valueWeight
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length && weight < most; at++) weight += weigh(value[at]!, most - weight)
    return weight
  }
  for (const key in value) {
    if (weight >= most) break
    weight += key.length + weigh(value[key]!, most - weight)
  }
  return weight
}
