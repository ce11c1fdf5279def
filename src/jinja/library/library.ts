import type { Library, NativeFunction } from '../runtime/rendering.ts'
import { dataFilters } from './filters-data.ts'
import { dateFilters } from './filters-date.ts'
import { numberFilters } from './filters-number.ts'
import { regexFilters } from './filters-regex.ts'
import { sequenceFilters } from './filters-sequence.ts'
import { textFilters } from './filters-text.ts'
import { globals } from './globals.ts'
import { membersOf } from './members.ts'
import { tests } from './tests.ts'
import { wildcard } from './wildcards.ts'

const filters: ReadonlyMap<string, NativeFunction> = new Map([
  ...textFilters,
  ...sequenceFilters,
  ...numberFilters,
  ...dataFilters,
  ...regexFilters,
  ...dateFilters,
])

/** All that templates can reach by name. */
export const library: Library = { filters, tests, globals, membersOf, wildcard }
