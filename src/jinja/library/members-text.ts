import { Raised } from '../error.ts'
import { isIterable, itemsOf } from '../runtime/iterate.ts'
import {
  foldCase,
  isAlphabetic,
  isDecimalCharacter,
  isDigitCharacter,
  isLowerCharacter,
  isNumericCharacter,
  isPrintable,
  isTitleCharacter,
  isUpperCharacter,
  lowerAt,
  titleCharacter,
} from '../runtime/letters.ts'
import { integerArgument, native, textArgument } from '../runtime/native.ts'
import type { Rendering } from '../runtime/rendering.ts'
import { characters, isText, plainText, splitLines, splitOnSpace, textLength } from '../runtime/text.ts'
import { Bytes, Dict, dictGet, isDict, MISSING, Tuple, typeName } from '../runtime/values.ts'
import { isIdentifier, isPythonSpace } from '../syntax/characters.ts'
import { encodeText } from './bytes.ts'
import { formatBraces } from './format-braces.ts'
import { tableOf } from './table.ts'
import {
  countText,
  findText,
  replacedLength,
  replaceText,
  searchedPart,
  splitText,
  splitTextFromEnd,
  trimText,
} from './text-search.ts'

/** The method's own text; calls through the table always have one. */
function self(value: unknown): string {
  return isText(value) ? plainText(value) : ''
}

/** Pays for looking through a text. */
function looked(rendering: Rendering, value: unknown): string {
  const text = self(value)
  rendering.charge(1 + (text.length >> 5))
  return text
}

/** Pays for working on each character of a text. */
function walked(rendering: Rendering, value: unknown): string {
  const text = self(value)
  rendering.characters(text.length)
  return text
}

/** Pays for making a text of the given length. */
function made(rendering: Rendering, text: string): string {
  rendering.text(text.length)
  return text
}

function every(signature: string, test: (character: string) => boolean): ReturnType<typeof native> {
  return native(signature, (rendering, [value]) => {
    const text = self(value)
    rendering.charge(1 + (text.length >> 2))
    return text !== '' && characters(text).every(test)
  })
}

function padding(rendering: Rendering, text: string, width: unknown, fill: unknown): { room: number; fill: string } {
  const wanted = integerArgument(width)
  const room = Math.max(0, wanted - textLength(text))
  if (!isText(fill))
    throw new Raised('TypeError', `The fill character must be a unicode character, not ${typeName(fill)}`)
  const character = plainText(fill)
  if (textLength(character) !== 1)
    throw new Raised('TypeError', 'The fill character must be exactly one character long')
  rendering.text(text.length + room * character.length)
  return { room, fill: character }
}

function separatorOf(value: unknown): string | undefined {
  if (value === null) return undefined
  if (!isText(value)) throw new Raised('TypeError', `must be str or None, not ${typeName(value)}`)
  return plainText(value)
}

function listed(rendering: Rendering, parts: string[]): string[] {
  rendering.list(parts.length)
  return parts
}

function trim(name: string, side: 'start' | 'end' | 'both'): ReturnType<typeof native> {
  return native(`${name}(self, chars=none, /)`, (rendering, [value, chars]) => {
    if (chars !== null && !isText(chars)) throw new Raised('TypeError', `${name} arg must be None or str`)
    return trimText(looked(rendering, value), chars === null ? undefined : plainText(chars), side, isPythonSpace)
  })
}

function affix(name: 'startswith' | 'endswith'): ReturnType<typeof native> {
  return native(
    `${name}(self, ${name === 'startswith' ? 'prefix' : 'suffix'}, start=none, end=none, /)`,
    (rendering, [value, wanted, start, end]) => {
      const searched = searchedPart(looked(rendering, value), start, end)
      const options = wanted instanceof Tuple ? wanted.items : [wanted]
      return options.some((option) => {
        if (!isText(option)) {
          throw new Raised('TypeError', `${name} first arg must be str or a tuple of str, not ${typeName(option)}`)
        }
        if (searched === undefined) return false
        return name === 'startswith'
          ? searched.part.startsWith(plainText(option))
          : searched.part.endsWith(plainText(option))
      })
    },
  )
}

function find(name: 'find' | 'rfind' | 'index' | 'rindex'): ReturnType<typeof native> {
  return native(`${name}(self, sub, start=none, end=none, /)`, (rendering, [value, wanted, start, end]) => {
    const at = findText(looked(rendering, value), textArgument(wanted), start, end, name.startsWith('r'))
    if (at === -1 && name.endsWith('index')) throw new Raised('ValueError', 'substring not found')
    return at
  })
}

/** Title case: the first letter of each run of letters large, the others small. */
export function titleCase(text: string): string {
  const parts = characters(text)
  let result = ''
  let isInWord = false
  for (const [index, character] of parts.entries()) {
    result += isInWord ? lowerAt(parts, index) : titleCharacter(character)
    isInWord = character.toLowerCase() !== character.toUpperCase() || isTitleCharacter(character)
  }
  return result
}

/** First letter in title case, the rest small. */
export function capitalize(text: string): string {
  const parts = characters(text)
  return parts.map((character, index) => (index === 0 ? titleCharacter(character) : lowerAt(parts, index))).join('')
}

function swapCase(text: string): string {
  const parts = characters(text)
  return parts
    .map((character, index) => {
      if (isUpperCharacter(character)) return lowerAt(parts, index)
      return isLowerCharacter(character) ? character.toUpperCase() : character
    })
    .join('')
}

function isCasedAs(
  text: string,
  isWanted: (character: string) => boolean,
  isOther: (character: string) => boolean,
): boolean {
  let found = false
  for (const character of text) {
    if (isOther(character) || isTitleCharacter(character)) return false
    found ||= isWanted(character)
  }
  return found
}

function isTitle(text: string): boolean {
  let isInWord = false
  let found = false
  for (const character of text) {
    if (isUpperCharacter(character) || isTitleCharacter(character)) {
      if (isInWord) return false
      isInWord = found = true
    } else if (isLowerCharacter(character)) {
      if (!isInWord) return false
      found = true
    } else {
      isInWord = false
    }
  }
  return found
}

/** Texts with a separator between them. Errors: `TypeError` for items that are no texts. */
export function joinTexts(rendering: Rendering, separator: string, items: readonly unknown[]): string {
  let length = 0
  const texts = items.map((item, index) => {
    if (!isText(item))
      throw new Raised('TypeError', `sequence item ${index}: expected str instance, ${typeName(item)} found`)
    const text = plainText(item)
    length += text.length + separator.length
    return text
  })
  rendering.text(length)
  rendering.charge(items.length >> 1)
  return texts.join(separator)
}

function expandTabs(rendering: Rendering, text: string, size: number): string {
  let column = 0
  let result = ''
  for (const character of text) {
    if (character === '\t') {
      const room = size <= 0 ? 0 : size - (column % size)
      rendering.text(room)
      result += ' '.repeat(room)
      column += room
    } else {
      result += character
      column = character === '\n' || character === '\r' ? 0 : column + 1
    }
  }
  return made(rendering, result)
}

function translate(rendering: Rendering, text: string, table: unknown): string {
  if (!isDict(table) && !Array.isArray(table) && !isText(table)) {
    throw new Raised('TypeError', `'${typeName(table)}' object is not subscriptable`)
  }
  let result = ''
  for (const character of text) {
    const mapped = isDict(table) ? dictGet(table, character.codePointAt(0)) : MISSING
    if (mapped === MISSING) result += character
    else if (isText(mapped)) result += plainText(mapped)
    else if (typeof mapped === 'number') result += String.fromCodePoint(mapped)
    else if (mapped !== null) throw new Raised('TypeError', 'character mapping must return integer, None or str')
    if (result.length > rendering.limits.textLength) rendering.text(result.length)
  }
  return made(rendering, result)
}

function makeTranslation(from: unknown, to: unknown, dropped: unknown): Dict {
  const table = new Dict()
  if (to === null) {
    if (!isDict(from)) throw new Raised('TypeError', 'if you give only one argument to maketrans it must be a dict')
    for (const [key, value] of from instanceof Dict ? from.entries() : Object.entries(from)) {
      table.set(isText(key) ? plainText(key).codePointAt(0) : key, value)
    }
    return table
  }
  const [sources, targets] = [characters(textArgument(from)), characters(textArgument(to))]
  if (sources.length !== targets.length) {
    throw new Raised('ValueError', 'the first two maketrans arguments must have equal length')
  }
  for (const [index, source] of sources.entries()) table.set(source.codePointAt(0), targets[index]!.codePointAt(0))
  if (dropped !== null)
    for (const character of characters(textArgument(dropped))) table.set(character.codePointAt(0), null)
  return table
}

/** Python's methods of `str`. */
export const textMethods = tableOf([
  native('capitalize(self, /)', (rendering, [value]) => made(rendering, capitalize(walked(rendering, value)))),
  native('casefold(self, /)', (rendering, [value]) => made(rendering, foldCase(self(value)))),
  native("center(self, width, fillchar=' ', /)", (rendering, [value, width, fillchar]) => {
    const text = self(value)
    const { room, fill } = padding(rendering, text, width, fillchar)
    const left = (room >> 1) + (room & integerArgument(width) & 1)
    return fill.repeat(left) + text + fill.repeat(room - left)
  }),
  native('count(self, sub, start=none, end=none, /)', (rendering, [value, wanted, start, end]) => {
    const searched = searchedPart(looked(rendering, value), start, end)
    const sub = textArgument(wanted)
    return searched === undefined ? 0 : countText(searched.part, sub)
  }),
  native("encode(self, encoding='utf-8', errors='strict')", (rendering, [value, encoding, errors]) => {
    const text = self(value)
    rendering.text(text.length * 3)
    return new Bytes(encodeText(text, textArgument(encoding), textArgument(errors)))
  }),
  affix('endswith'),
  native('expandtabs(self, tabsize=8)', (rendering, [value, tabsize]) =>
    expandTabs(rendering, looked(rendering, value), integerArgument(tabsize)),
  ),
  find('find'),
  native('format(self, *args, **kwargs)', (rendering, [value, args, kwargs]) =>
    formatBraces(rendering, self(value), args as readonly unknown[], kwargs as ReadonlyMap<string, unknown>, false),
  ),
  native('format_map(self, mapping, /)', (rendering, [value, mapping]) =>
    formatBraces(rendering, self(value), [], mapping, false),
  ),
  find('index'),
  every('isalnum(self, /)', (character) => isAlphabetic(character) || isNumericCharacter(character)),
  every('isalpha(self, /)', isAlphabetic),
  native('isascii(self, /)', (rendering, [value]) => !/[\u0080-\uffff]/.test(looked(rendering, value))),
  every('isdecimal(self, /)', isDecimalCharacter),
  every('isdigit(self, /)', isDigitCharacter),
  native('isidentifier(self, /)', (rendering, [value]) => isIdentifier(looked(rendering, value))),
  native('islower(self, /)', (rendering, [value]) =>
    isCasedAs(looked(rendering, value), isLowerCharacter, isUpperCharacter),
  ),
  every('isnumeric(self, /)', isNumericCharacter),
  native('isprintable(self, /)', (rendering, [value]) => characters(looked(rendering, value)).every(isPrintable)),
  every('isspace(self, /)', (character) => isPythonSpace(character.charCodeAt(0))),
  native('istitle(self, /)', (rendering, [value]) => isTitle(looked(rendering, value))),
  native('isupper(self, /)', (rendering, [value]) =>
    isCasedAs(looked(rendering, value), isUpperCharacter, isLowerCharacter),
  ),
  native('join(self, iterable, /)', (rendering, [value, items]) => {
    if (!isIterable(items)) throw new Raised('TypeError', 'can only join an iterable')
    return joinTexts(rendering, self(value), itemsOf(rendering, items))
  }),
  native("ljust(self, width, fillchar=' ', /)", (rendering, [value, width, fillchar]) => {
    const text = self(value)
    const { room, fill } = padding(rendering, text, width, fillchar)
    return text + fill.repeat(room)
  }),
  native('lower(self, /)', (rendering, [value]) => made(rendering, self(value).toLowerCase())),
  trim('lstrip', 'start'),
  native('maketrans(self, x, y=none, z=none, /)', (_, [, from, to, dropped]) => makeTranslation(from, to, dropped)),
  native('partition(self, sep, /)', (rendering, [value, separator]) => {
    const text = looked(rendering, value)
    const sep = textArgument(separator)
    if (sep === '') throw new Raised('ValueError', 'empty separator')
    const at = text.indexOf(sep)
    return new Tuple(at === -1 ? [text, '', ''] : [text.slice(0, at), sep, text.slice(at + sep.length)])
  }),
  native('removeprefix(self, prefix, /)', (_, [value, prefix]) => {
    const [text, part] = [self(value), textArgument(prefix, 'removeprefix() argument')]
    return text.startsWith(part) ? text.slice(part.length) : text
  }),
  native('removesuffix(self, suffix, /)', (_, [value, suffix]) => {
    const [text, part] = [self(value), textArgument(suffix, 'removesuffix() argument')]
    return part !== '' && text.endsWith(part) ? text.slice(0, -part.length) : text
  }),
  native('replace(self, old, new, count=-1, /)', (rendering, [value, old, replacement, count]) => {
    const text = looked(rendering, value)
    const [from, to] = [textArgument(old, 'replace() argument 1'), textArgument(replacement, 'replace() argument 2')]
    const limit = integerArgument(count)
    rendering.text(replacedLength(text, from, to))
    return replaceText(text, from, to, limit)
  }),
  find('rfind'),
  find('rindex'),
  native("rjust(self, width, fillchar=' ', /)", (rendering, [value, width, fillchar]) => {
    const text = self(value)
    const { room, fill } = padding(rendering, text, width, fillchar)
    return fill.repeat(room) + text
  }),
  native('rpartition(self, sep, /)', (rendering, [value, separator]) => {
    const text = looked(rendering, value)
    const sep = textArgument(separator)
    if (sep === '') throw new Raised('ValueError', 'empty separator')
    const at = text.lastIndexOf(sep)
    return new Tuple(at === -1 ? ['', '', text] : [text.slice(0, at), sep, text.slice(at + sep.length)])
  }),
  native('rsplit(self, sep=none, maxsplit=-1)', (rendering, [value, sep, maxsplit]) => {
    const text = looked(rendering, value)
    const [separator, limit] = [separatorOf(sep), integerArgument(maxsplit)]
    if (separator !== undefined) return listed(rendering, splitTextFromEnd(text, separator, limit))
    if (limit < 0) return listed(rendering, splitOnSpace(text))
    const backwards = splitOnSpace([...text].reverse().join(''), limit)
    return listed(rendering, backwards.map((part) => [...part].reverse().join('')).reverse())
  }),
  trim('rstrip', 'end'),
  native('split(self, sep=none, maxsplit=-1)', (rendering, [value, sep, maxsplit]) => {
    const text = looked(rendering, value)
    const [separator, limit] = [separatorOf(sep), integerArgument(maxsplit)]
    return listed(rendering, separator === undefined ? splitOnSpace(text, limit) : splitText(text, separator, limit))
  }),
  native('splitlines(self, keepends=false)', (rendering, [value, keepends]) =>
    listed(rendering, splitLines(rendering, looked(rendering, value), integerArgument(keepends) !== 0)),
  ),
  affix('startswith'),
  trim('strip', 'both'),
  native('swapcase(self, /)', (rendering, [value]) => made(rendering, swapCase(walked(rendering, value)))),
  native('title(self, /)', (rendering, [value]) => made(rendering, titleCase(walked(rendering, value)))),
  native('translate(self, table, /)', (rendering, [value, table]) =>
    translate(rendering, looked(rendering, value), table),
  ),
  native('upper(self, /)', (rendering, [value]) => made(rendering, self(value).toUpperCase())),
  native('zfill(self, width, /)', (rendering, [value, width]) => {
    const text = self(value)
    const room = Math.max(0, integerArgument(width) - textLength(text))
    rendering.text(text.length + room)
    const sign = /^[+-]/.test(text) ? text[0]! : ''
    return sign + '0'.repeat(room) + text.slice(sign.length)
  }),
])
