import { z } from 'zod'
import type { Json, JsonObject } from '../../flow/json.ts'

/** Members and no others. An unknown one is answered with the known ones, so that a slip is found at once. */
export function shape<Shape extends z.core.$ZodLooseShape>(members: Shape): z.ZodObject<Shape, z.core.$strict> {
  const known = Object.keys(members).join(', ')
  return z.strictObject(members, {
    error: (issue) =>
      issue.code === 'unrecognized_keys'
        ? `unknown ${issue.keys.length === 1 ? 'member' : 'members'} ${issue.keys.map((key) => `"${key}"`).join(', ')}; known here: ${known}`
        : undefined,
  })
}

/** Text in which `{{ … }}` and `{% … %}` are rendered when it is used. */
export const template = z.string().meta({ 'x-template': true })

/** Any JSON; every string in it is a template. A member whose template yields nothing (undefined or None) is left out. */
export const templatedJson = z.custom<Json>((value) => value !== undefined).meta({ 'x-template': true })

export const httpsLink = z
  .string()
  .regex(/^https:\/\/[^\s]+$/, 'must be a link that starts with https://')
  .meta({ format: 'uri' })

/** The name of a connector or action: stands in flows and addresses, and so is never renamed. */
export const identifier = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,62}$/, 'must be lower case letters, digits, _ and -, and start with a letter')

/** A name that templates use. */
export const variable = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,62}$/, 'must be lower case letters, digits and _, and start with a letter')

/**
 * A form as JSON Schema (2020-12) of an object. `type` may be left out, at the top as `object`, in a property where any
 * value will do. The annotation `ui` holds hints for the builder: `secret`, `multiline`, `placeholder`, and `search`: what
 * the connector's `search_config` finds can be picked.
 */
export const form = z.custom<JsonObject>(isForm, {
  error: 'must be a JSON Schema of an object: {"properties": {"name": {"type": "string"}}, "required": ["name"]}',
})

function isForm(value: unknown): boolean {
  if (!isObject(value)) return false
  const { type = 'object', properties = {}, required = [] } = value
  if (type !== 'object' || !isObject(properties) || !Array.isArray(required)) return false
  return Object.values(properties).every(isObject) && required.every((name) => Object.hasOwn(properties, String(name)))
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
