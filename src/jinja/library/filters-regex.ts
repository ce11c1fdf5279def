import { isTruthy } from '../runtime/compare.ts'
import { integerArgument, native, textArgument } from '../runtime/native.ts'
import type { NativeFunction, Rendering } from '../runtime/rendering.ts'
import { isText, plainText, toText } from '../runtime/text.ts'
import { isInteger, Tuple } from '../runtime/values.ts'
import type { Program } from './regex/program.ts'
import {
  escapePattern,
  groupIndex,
  type Match,
  matches,
  programOf,
  replaceMatches,
  search,
  splitAtMatches,
} from './regex/regex.ts'
import { tableOf } from './table.ts'

function programFor(rendering: Rendering, pattern: unknown, ignoreCase: unknown, multiline: unknown): Program {
  return programOf(rendering, textArgument(pattern, 'the pattern'), {
    ignoreCase: isTruthy(ignoreCase),
    multiline: isTruthy(multiline),
  })
}

/** What a search gives: the whole match, or the groups that were asked for; none if there is no match. */
function found(program: Program, match: Match | undefined, wanted: readonly unknown[]): unknown {
  if (match === undefined) return null
  if (wanted.length === 0) return match.groups[0]
  return wanted.map((group) => {
    const name = isInteger(group) ? String(group) : textArgument(group, 'a group')
    const written = /^\\(?:g<(.+)>|(\d+))$/.exec(name)
    return match.groups[groupIndex(program, written?.[1] ?? written?.[2] ?? name)] ?? null
  })
}

function finder(name: 'regex_search' | 'regex_match'): NativeFunction {
  return native(`${name}(value, pattern, *groups, ignorecase=false, multiline=false)`, (rendering, args) => {
    const [value, pattern, groups, ignoreCase, multiline] = args
    const program = programFor(rendering, pattern, ignoreCase, multiline)
    const match = search(rendering, program, toText(rendering, value), name === 'regex_match')
    return found(program, match, groups as readonly unknown[])
  })
}

/** Filters for patterns in Python's `re` syntax; the product's own. */
export const regexFilters: ReadonlyMap<string, NativeFunction> = tableOf([
  native('regex_escape(value)', (rendering, [value]) => {
    const text = toText(rendering, value)
    rendering.text(text.length * 2)
    return escapePattern(rendering, text)
  }),
  native(
    'regex_findall(value, pattern, ignorecase=false, multiline=false)',
    (rendering, [value, pattern, ignoreCase, multiline]) => {
      const program = programFor(rendering, pattern, ignoreCase, multiline)
      const all: unknown[] = []
      for (const { groups } of matches(rendering, program, toText(rendering, value))) {
        const texts = groups.map((group) => group ?? '')
        all.push(texts.length > 2 ? new Tuple(texts.slice(1)) : texts.at(-1))
      }
      return all
    },
  ),
  finder('regex_match'),
  native(
    "regex_replace(value, pattern, replacement='', ignorecase=false, multiline=false, count=0)",
    (rendering, args) => {
      const [value, pattern, replacement, ignoreCase, multiline, count] = args
      const program = programFor(rendering, pattern, ignoreCase, multiline)
      const by = isText(replacement) ? plainText(replacement) : toText(rendering, replacement)
      return replaceMatches(rendering, program, toText(rendering, value), by, Math.max(0, integerArgument(count)))
    },
  ),
  finder('regex_search'),
  native('regex_split(value, pattern, maxsplit=0, ignorecase=false, multiline=false)', (rendering, args) => {
    const [value, pattern, maxsplit, ignoreCase, multiline] = args
    const program = programFor(rendering, pattern, ignoreCase, multiline)
    return splitAtMatches(rendering, program, toText(rendering, value), Math.max(0, integerArgument(maxsplit)))
  }),
])
