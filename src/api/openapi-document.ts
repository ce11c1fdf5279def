import { parse as parseYaml, YAMLParseError } from 'yaml'
import { AppError } from '../errors.ts'
import { isJsonObject, type Json, type JsonObject, JsonSyntaxError, parseJson } from '../flow/json.ts'

/** A vendor's own description of its API (OpenAPI 3.0, 3.1, 3.2), read for the import of its operations. */
export interface OpenApiDocument {
  root: JsonObject
  /** The value itself, or what its `$ref` points to within the document; empty when it points nowhere. */
  resolve(value: Json | undefined): JsonObject
}

/** References that lead to references: beyond this it is a circle. */
const maxHops = 20

/** Reads JSON or YAML. Errors: `invalid_body` for text that is neither, `invalid_request` for another kind of document. */
export function readOpenApi(source: string): OpenApiDocument {
  const root = readText(source)
  if (!isJsonObject(root))
    throw new AppError('invalid_request', 'document: this is no OpenAPI document but a single value')
  if (typeof root.swagger === 'string') {
    throw new AppError('invalid_request', `document: it is Swagger ${root.swagger}; convert it to OpenAPI 3 first`)
  }
  if (!/^3\.\d/.test(String(root.openapi ?? ''))) {
    throw new AppError('invalid_request', 'document: it lacks the member openapi with a version from 3.0 on')
  }
  return { root, resolve: (value) => resolve(root, value) }
}

function readText(source: string): Json {
  try {
    return /^\s*\{/.test(source) ? parseJson(source) : readYaml(source)
  } catch (cause) {
    if (
      !(cause instanceof JsonSyntaxError) &&
      !(cause instanceof YAMLParseError) &&
      !(cause instanceof ReferenceError)
    ) {
      throw cause
    }
    const [reason] = cause.message.split('\n')
    throw new AppError('invalid_body', `document: ${reason}`, { cause })
  }
}

/** Numbers and dates as JSON has them; aliases that multiply are refused (YAML's own bomb). */
function readYaml(source: string): Json {
  const value: unknown = parseYaml(source, { schema: 'core', maxAliasCount: 1_000, logLevel: 'error' })
  return value as Json
}

function resolve(root: JsonObject, value: Json | undefined): JsonObject {
  let current = value
  for (let hops = 0; hops < maxHops; hops++) {
    if (!isJsonObject(current)) return {}
    if (typeof current.$ref !== 'string') return current
    current = pointed(root, current.$ref)
  }
  return {}
}

/** RFC 6901, within the document only: other files and addresses are not fetched. */
function pointed(root: JsonObject, reference: string): Json | undefined {
  if (!reference.startsWith('#/')) return undefined
  return reference
    .slice(2)
    .split('/')
    .map((part) => unescaped(part).replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<Json | undefined>((current, key) => {
      if (Array.isArray(current)) return current[Number(key)]
      return isJsonObject(current) && Object.hasOwn(current, key) ? current[key] : undefined
    }, root)
}

function unescaped(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part // A lone % stands for itself in documents written by hand.
  }
}
