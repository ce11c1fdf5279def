import { SaxesParser, type SaxesTagPlain } from 'saxes'
import { NAME_RE } from 'xmlchars/xml/1.0/ed4.js'
import { AppError } from '../../errors.ts'
import type { Json, JsonObject } from '../../flow/json.ts'
import { inTurns } from '../in-turns.ts'
import { type Charset, decodeSlices, decodeText } from './charset.ts'
import { addField } from './field.ts'
import type { BodyLimits } from './limits.ts'

/** A slice takes 3 ms or so. Larger documents give way to other requests after each: none may wait longer than 25 ms. */
const sliceBytes = 64 * 1024
const maxUnslicedBytes = 2 * sliceBytes

/** Children of different names in one element. An object with more keys grows in steps that take longer than 25 ms. */
const maxChildNames = 100_000

/** An element whose end tag has not come yet. `fields` is `null` until it has an attribute or a child. */
interface OpenElement {
  name: string
  fields: JsonObject | null
  text: string
  childNames: number
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
  const reader = new XmlReader(limits)
  if (bytes.length > maxUnslicedBytes) return inTurns(readInSlices(bytes, charset, reader))
  reader.write(decodeText(bytes, charset))
  return reader.end()
}

function* readInSlices(bytes: Buffer, charset: Charset, reader: XmlReader): Generator<void, JsonObject> {
  for (const text of decodeSlices(bytes, charset, sliceBytes)) {
    reader.write(text)
    yield
  }
  return reader.end()
}

/** Builds the value while saxes reads; stops at the first fault or limit. */
class XmlReader {
  // XML 1.1 would allow control characters and other line ends; expat reads every document as 1.0.
  readonly #parser = new SaxesParser({ xmlns: false, forceXMLVersion: true, defaultXMLVersion: '1.0' })
  readonly #limits: BodyLimits
  readonly #document: JsonObject = {}
  readonly #open: OpenElement[] = []
  #elements = 0
  #attributes = 0
  #attributesOfTag = 0
  #deepest = 0
  /** The first slice, which nearly always is the whole document; `undefined` once there are more. */
  #text: string | undefined = undefined
  #slices = 0

  constructor(limits: BodyLimits) {
    this.#limits = limits
    this.#parser.on('error', (error) => this.#fail(explain(error.message, this.#textSoFar()), error))
    this.#parser.on('doctype', (doctype) => this.#checkDoctype(doctype))
    // Counted as they come: a tag with 100,000 attributes must not be read to its end first.
    this.#parser.on('attribute', ({ name }) => this.#countAttribute(name))
    this.#parser.on('opentag', (tag) => this.#openElement(tag))
    this.#parser.on('text', (text) => this.#addText(text))
    this.#parser.on('cdata', (text) => this.#addText(text))
    this.#parser.on('closetag', () => this.#closeElement())
  }

  write(text: string): void {
    // The decoder has dropped the byte order mark; saxes would drop a second one, which is no white space in XML.
    if (this.#slices === 0 && text.startsWith('\uFEFF'))
      this.#fail('expected an element, found a second byte order mark')
    // saxes takes line ends other than LF piece by piece. A CR at the end may be half of CR LF: that one it keeps for itself.
    const lines = text.includes('\r') ? text.replace(/\r\n|\r(?!$)/g, '\n') : text
    const slice = this.#slices === 0 ? lines.replace(otherVersion, '$1$21.0$2') : lines
    this.#text = this.#slices === 0 ? slice : undefined
    this.#slices += 1
    this.#parser.write(slice)
  }

  end(): JsonObject {
    this.#parser.close()
    const { maxDepth } = this.#limits
    // Each level can be an object and a list in it. Only what can be too deep is walked.
    if (2 * this.#deepest + 1 > maxDepth && depthOf(this.#document) > maxDepth) {
      this.#fail(`expected at most ${maxDepth} levels of nesting, a repeated element being one more, found more`)
    }
    return this.#document
  }

  #openElement(tag: SaxesTagPlain): void {
    this.#checkName(tag.name)
    this.#attributesOfTag = 0
    this.#elements += 1
    this.#open.push({ name: tag.name, fields: attributeFields(tag), text: '', childNames: 0 })
    this.#deepest = Math.max(this.#deepest, this.#open.length)
    const { maxNodes, maxDepth } = this.#limits
    if (this.#elements > maxNodes) this.#fail(`expected at most ${maxNodes} elements, found more`)
    if (this.#deepest > maxDepth) this.#fail(`expected at most ${maxDepth} levels of nesting, found more`)
  }

  #countAttribute(name: string): void {
    this.#checkName(name)
    this.#attributes += 1
    this.#attributesOfTag += 1
    const { maxNodes, maxAttributes } = this.#limits
    if (this.#attributes > maxNodes) this.#fail(`expected at most ${maxNodes} attributes, found more`)
    if (this.#attributesOfTag > maxAttributes)
      this.#fail(`expected at most ${maxAttributes} attributes in one element, found more`)
  }

  #addText(text: string): void {
    // Outside the root element only white space is let through, and it means nothing.
    const element = this.#open.at(-1)
    if (element !== undefined) element.text += text
  }

  #closeElement(): void {
    const element = this.#open.pop()!
    const parent = this.#open.at(-1)
    if (parent === undefined) {
      addField(this.#document, element.name, valueOfClosed(element))
      return
    }
    parent.fields ??= {}
    if (addField(parent.fields, element.name, valueOfClosed(element))) parent.childNames += 1
    if (parent.childNames > maxChildNames)
      this.#fail(`expected at most ${maxChildNames} different names in one element, found more`)
  }

  /**
   * saxes knows the names of XML 1.0's fifth edition, expat those of the fourth, which has fewer letters. Targets of processing
   * instructions are not looked at: one handler more, and saxes reads everything at a third of its pace.
   */
  #checkName(name: string): void {
    if (/[^\0-\x7f]/.test(name) && !NAME_RE.test(name))
      this.#fail(`expected a name of XML 1.0 (fourth edition), found ${JSON.stringify(name.slice(0, 40))}`)
  }

  #checkDoctype(doctype: string): void {
    const [, name, , publicId = ''] = bareDoctype.exec(doctype) ?? []
    if (name !== undefined && NAME_RE.test(name) && publicIdentifier.test(publicId.slice(1, -1))) return
    const expected = doctype.includes('[')
      ? 'expected no declarations inside the DOCTYPE, found "["; entities and defaults are not accepted'
      : 'expected <!DOCTYPE name>, <!DOCTYPE name SYSTEM "uri"> or <!DOCTYPE name PUBLIC "id" "uri">'
    this.#fail(expected)
  }

  #textSoFar(): string {
    return this.#text?.slice(0, this.#parser.position) ?? ''
  }

  #fail(problem: string, cause?: unknown): never {
    const { line, column } = this.#parser
    throw new AppError('invalid_body', `The body is not acceptable XML: ${problem} (line ${line}, column ${column}).`, {
      cause,
    })
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

const notPythonSpace = /[^\t\n\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]/

/**
 * Python's `str.strip`. JavaScript's `trim` differs: it takes U+FEFF away and leaves U+0085. (The control characters that
 * Python strips as well can't occur in XML.) The end is looked for with a loop, because a pattern anchored there is quadratic
 * on long runs of blanks.
 */
function stripAsPython(text: string): string {
  const start = text.search(notPythonSpace)
  if (start === -1) return ''
  let end = text.length
  while (!notPythonSpace.test(text.charAt(end - 1))) end -= 1
  return text.slice(start, end)
}

/** Captures the name, `SYSTEM` or `PUBLIC` with what follows it, and the public identifier in its quotes. */
const bareDoctype =
  /^[ \t\n]+([^\s"'<>[\]]+)(?:[ \t\n]+(SYSTEM|PUBLIC[ \t\n]+("[^"]*"|'[^']*'))[ \t\n]+("[^"]*"|'[^']*'))?[ \t\n]*$/
const publicIdentifier = /^[-'()+,./:=?;!*#@$_%a-zA-Z0-9 \n]*$/

/** A version other than 1.x: expat takes any word for one, and reads the document as 1.0. */
const otherVersion = /^(<\?xml[ \t\n]+version[ \t\n]*=[ \t\n]*)(["'])(?!1\.\d+\2)[\w.-]*\2/

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
  'text data outside of root node.': 'expected no text outside the root element, found some',
  'documents may contain only one root.': 'expected the end of the body after the root element, found another element',
  'document must contain a root element.': 'expected a root element, found the end of the body',
  'unexpected end.': 'expected the rest of the markup begun earlier, found the end of the body',
}

/**
 * The message of a fault that saxes found. From a bare "&" it reads on to the next ";", at worst to the end of the body, before
 * it complains; so where an "&" may be the cause, the message says where the last one is. `text` is what was read up to the fault.
 */
function explain(message: string, text: string): string {
  const reason = message.replace(/^\d+:\d+: /, '')
  const unclosed = /^unclosed tag: (.*)$/s.exec(reason)?.[1]
  const explanation =
    unclosed === undefined ? explanations[reason] : `expected </${unclosed}>, found the end of the body`
  if (explanation === undefined) return reason.replace(/\.$/, '')
  const ampersand = text.lastIndexOf('&')
  const isSuspect = reason.includes('entity') || (unclosed !== undefined && ampersand > text.lastIndexOf(';'))
  if (!isSuspect || ampersand === -1) return explanation
  const before = text.slice(0, ampersand)
  const line = before.split('\n').length
  return `${explanation}; the last "&" is at line ${line}, column ${ampersand - before.lastIndexOf('\n')}`
}
