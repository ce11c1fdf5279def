import { setImmediate as nextTurn } from 'node:timers/promises'
import { type SaxesAttributePlain, SaxesParser, type SaxesTagPlain } from 'saxes'
import { AppError } from '../../errors.ts'
import type { Json, JsonObject } from '../../flow/json.ts'
import { type Charset, decodeSlices, decodeText } from './charset.ts'
import { addField } from './field.ts'
import type { BodyLimits } from './limits.ts'

/** A slice takes 3 ms or so. Larger documents give way to other requests after each: none may wait longer than 25 ms. */
const sliceBytes = 64 * 1024
const maxUnslicedBytes = 2 * sliceBytes

/** An element whose end tag has not come yet. `fields` is `null` until it has an attribute or a child. */
interface OpenElement {
  name: string
  fields: JsonObject | null
  text: string
}

interface XmlReader {
  write(text: string): void
  end(): JsonObject
}

/**
 * Reads an XML document (XML 1.0, any 1.x accepted as such) into what Python's xmltodict 0.13 makes of it: attributes as `@name`
 * first, children by their name as written, a repeated child as a list, text stripped and under `#text` when it has company,
 * an empty element as `null`, everything a string; comments and processing instructions vanish. Synchronous up to 128 KiB, in
 * slices beyond.
 *
 * A document type is accepted only bare or with an external identifier, which is never fetched: whatever an internal subset
 * declares would change the meaning of the document or its size.
 *
 * Errors: 400 `invalid_body` naming line and column, for what is not well-formed and what is over a limit.
 */
export function parseXml(bytes: Buffer, charset: Charset, limits: BodyLimits): JsonObject | Promise<JsonObject> {
  const reader = openReader(limits)
  if (bytes.length > maxUnslicedBytes) return parseInSlices(bytes, charset, reader)
  reader.write(decodeText(bytes, charset))
  return reader.end()
}

async function parseInSlices(bytes: Buffer, charset: Charset, reader: XmlReader): Promise<JsonObject> {
  for (const text of decodeSlices(bytes, charset, sliceBytes)) {
    reader.write(text)
    await nextTurn()
  }
  return reader.end()
}

function openReader(limits: BodyLimits): XmlReader {
  // XML 1.1 would allow control characters and other line ends; expat reads every document as 1.0.
  const parser = new SaxesParser({ xmlns: false, forceXMLVersion: true, defaultXMLVersion: '1.0' })
  const document: JsonObject = {}
  const open: OpenElement[] = []
  let nodes = 0
  let attributes = 0
  let deepest = 0
  let started = false

  const fail = (problem: string, cause?: unknown): never => {
    throw malformed(parser, problem, cause)
  }
  const countNode = () => {
    nodes += 1
    if (nodes > limits.maxNodes) fail(`expected at most ${limits.maxNodes} elements and attributes, found more`)
  }
  const addText = (text: string) => {
    const element = open.at(-1)
    if (element !== undefined) element.text += text
  }

  parser.on('error', (error) => fail(explain(error.message), error))
  parser.on('doctype', (doctype) => checkDoctype(doctype, fail))
  parser.on('text', addText)
  parser.on('cdata', addText)
  // Counted as they come: a tag with 100,000 attributes must not be read to its end first.
  parser.on('attribute', (_: SaxesAttributePlain) => {
    attributes += 1
    if (attributes > limits.maxAttributes)
      fail(`expected at most ${limits.maxAttributes} attributes in one element, found more`)
    countNode()
  })
  parser.on('opentag', (tag) => {
    attributes = 0
    countNode()
    open.push({ name: tag.name, fields: attributeFields(tag), text: '' })
    deepest = Math.max(deepest, open.length)
    if (deepest > limits.maxDepth) fail(`expected at most ${limits.maxDepth} levels of nesting, found more`)
  })
  parser.on('closetag', () => {
    const element = open.pop()!
    const parent = open.at(-1)
    if (parent === undefined) addField(document, element.name, valueOfClosed(element))
    else {
      parent.fields ??= {}
      addField(parent.fields, element.name, valueOfClosed(element))
    }
  })

  return {
    write(text) {
      // The decoder has dropped the byte order mark; saxes would drop a second one, which is no white space in XML.
      if (!started && text.startsWith('\uFEFF')) fail('expected an element, found a second byte order mark')
      started = true
      parser.write(text)
    },
    end() {
      parser.close()
      // Each level can be an object and a list in it. Only what can be too deep is walked.
      if (2 * deepest + 1 > limits.maxDepth && depthOf(document) > limits.maxDepth) {
        fail(`expected at most ${limits.maxDepth} levels of nesting with repeated elements counted twice, found more`)
      }
      return document
    },
  }
}

function attributeFields(tag: SaxesTagPlain): JsonObject | null {
  let fields: JsonObject | null = null
  for (const name in tag.attributes) {
    fields ??= {}
    fields[`@${name}`] = tag.attributes[name]!
  }
  return fields
}

function valueOfClosed(element: OpenElement): Json {
  const text = stripAsPython(element.text)
  if (element.fields === null) return text === '' ? null : text
  if (text !== '') element.fields['#text'] = text
  return element.fields
}

/**
 * Python's `str.strip`. JavaScript's `trim` differs: it takes U+FEFF away and leaves U+0085. Two loops, because a pattern
 * anchored at the end is quadratic on long runs of blanks.
 */
function stripAsPython(text: string): string {
  let start = 0
  let end = text.length
  while (start < end && isPythonSpace(text.charCodeAt(start))) start += 1
  while (end > start && isPythonSpace(text.charCodeAt(end - 1))) end -= 1
  return text.slice(start, end)
}

function isPythonSpace(code: number): boolean {
  if (code <= 0x20) return code === 0x20 || (code >= 0x09 && code <= 0x0d) || code >= 0x1c
  if (code < 0x1680) return code === 0x85 || code === 0xa0
  if (code <= 0x200a) return code === 0x1680 || code >= 0x2000
  return code === 0x2028 || code === 0x2029 || code === 0x202f || code === 0x205f || code === 0x3000
}

const bareDoctype =
  /^[ \t\n]+[^\s"'<>[\]]+(?:[ \t\n]+(?:SYSTEM|PUBLIC[ \t\n]+("[^"]*"|'[^']*'))[ \t\n]+("[^"]*"|'[^']*'))?[ \t\n]*$/

function checkDoctype(doctype: string, fail: (problem: string) => never): void {
  if (bareDoctype.test(doctype)) return
  if (doctype.includes('['))
    fail(
      'expected no internal document type declarations, found "[" in the DOCTYPE; entities and defaults are not accepted',
    )
  fail('expected <!DOCTYPE name>, <!DOCTYPE name SYSTEM "uri"> or <!DOCTYPE name PUBLIC "id" "uri">')
}

function depthOf(value: Json): number {
  if (typeof value !== 'object' || value === null || value instanceof Number) return 0
  let inner = 0
  for (const child of Object.values(value)) inner = Math.max(inner, depthOf(child))
  return inner + 1
}

/** What saxes means, where its words leave a sender guessing. */
const explanations: Readonly<Record<string, string>> = {
  'undefined entity.':
    'expected one of the entities &lt; &gt; &amp; &quot; &apos;, found another; write a character itself, or by number as &#160;',
  'disallowed character in entity name.':
    'expected the name of an entity after "&", found other characters; write "&" as &amp;',
  'an XML declaration must be at the start of the document.':
    'expected the XML declaration at the very start of the body, found something before it, if only white space',
  'document must contain a root element.': 'expected a root element, found the end of the body',
  'unexpected end.': 'expected the rest of the markup begun earlier, found the end of the body',
}

function explain(message: string): string {
  const reason = message.replace(/^\d+:\d+: /, '')
  return explanations[reason] ?? reason.replace(/\.$/, '')
}

function malformed(parser: { line: number; column: number }, problem: string, cause: unknown): AppError {
  return new AppError(
    'invalid_body',
    `The body is not acceptable XML: ${problem} (line ${parser.line}, column ${parser.column}).`,
    { cause },
  )
}
