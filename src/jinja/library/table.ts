import type { NativeFunction } from '../runtime/rendering.ts'

/** Functions by their names. */
export function tableOf(functions: readonly NativeFunction[]): Map<string, NativeFunction> {
  return new Map(functions.map((fn) => [fn.name, fn]))
}
