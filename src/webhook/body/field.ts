import { type Json, type JsonObject, setOwn } from '../../flow/json.ts'

/**
 * Adds a value under a name as forms and XML do it: the first is the value itself, a repeated one makes a list in order.
 *
 * The value itself must not be a list. `__proto__` and `constructor` are names like any other. Returns whether the name is new.
 */
export function addField(object: JsonObject, name: string, value: Json): boolean {
  if (!Object.hasOwn(object, name)) {
    setOwn(object, name, value)
    return true
  }
  const present = object[name]
  if (Array.isArray(present)) present.push(value)
  else object[name] = [present as Json, value]
  return false
}
