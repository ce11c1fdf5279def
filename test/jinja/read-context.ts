import { PyFloat } from '../../src/jinja/runtime/values.ts'

/** Reads a JSON object as the product does: every digit stays, and `10.0` stays a float. */
export function readContext(json: string): Record<string, unknown> {
  return JSON.parse(json, (_key, value: unknown, context?: { source?: string }) => {
    const source = context?.source
    if (typeof value !== 'number' || source === undefined) return value
    if (/[.eE]/.test(source)) return Number.isInteger(value) ? new PyFloat(value) : value
    return Number.isSafeInteger(value) ? value : BigInt(source)
  })
}
