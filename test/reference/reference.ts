import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { describeSettings } from '../../src/config.ts'
import { stepErrors } from '../../src/engine/step-error-kinds.ts'
import { errorCatalogue } from '../../src/errors.ts'
import { flowInputSchema } from '../../src/flow/flow.ts'
import type { Json, JsonObject } from '../../src/flow/json.ts'
import { stepKinds } from '../../src/steps/index.ts'

/** The pages of docs/reference that are made from the source. `npm run docs` writes them; a test fails when they part. */
export const folder = join(import.meta.dirname, '../../docs/reference')

export const pages: Record<string, () => string> = {
  'settings.md': settingsPage,
  'errors.md': errorsPage,
  'helpers.md': helpersPage,
  'flow.schema.json': flowSchema,
  'licences.md': licencesPage,
}

function settingsPage(): string {
  const rows = describeSettings().map(({ name, description, expected, default: fallback }) => {
    const given = fallback === undefined ? '' : fallback === '' ? 'none' : `\`${fallback}\``
    return `| \`${name}\` | ${given} | ${cell(description)} Takes ${cell(expected)}. |`
  })
  return page('Settings', 'All are environment variables, and all are optional.', [
    '| variable | default | |',
    '|---|---|---|',
    ...rows,
  ])
}

function errorsPage(): string {
  const rows = Object.entries(errorCatalogue)
    .sort(([, a], [, b]) => a.status - b.status)
    .map(([code, { status, summary }]) => `| ${status} | \`${code}\` | ${cell(summary)} |`)
  const intro = 'Every error is answered as `{"status", "error", "message", "data"}`; `error` is one of these codes.'
  const kinds = Object.entries(stepErrors).map(([kind, summary]) => `| \`${kind}\` | ${cell(summary)} |`)
  return page('Errors', intro, [
    ...['| HTTP | `error` | |', '|---|---|---|', ...rows, ''],
    ...[
      '## Of steps',
      '',
      'A step that fails says so with one of these words, in the debugger and as `{{ ref.error.kind }}`;',
    ],
    ...['an answer that refuses is `http_` and its status.', '', '| `kind` | |', '|---|---|', ...kinds],
  ])
}

function helpersPage(): string {
  const sections = stepKinds.flatMap((kind) => [
    `## ${kind.title}`,
    '',
    `\`{"connector": "${kind.connector}", "action": "${kind.action}"}\`. ${kind.summary}`,
    '',
    ...formTable(kind.form),
    '',
  ])
  const intro = 'The built-in steps. Every text in a step’s `input` may be a Jinja2 template.'
  return page('Helpers', intro, sections)
}

function formTable(form: JsonObject): string[] {
  const properties = Object.entries((form.properties ?? {}) as Record<string, JsonObject>)
  if (properties.length === 0) return ['Takes any keys.']
  const required = new Set((form.required ?? []) as string[])
  const rows = properties.map(([name, schema]) => {
    const fallback =
      schema.default === undefined ? (required.has(name) ? 'required' : '') : `\`${JSON.stringify(schema.default)}\``
    return `| \`${name}\` | ${cell(typeOf(schema))} | ${cell(fallback)} | ${cell(String(schema.description ?? ''))} |`
  })
  return ['| field | takes | default | |', '|---|---|---|---|', ...rows]
}

function typeOf(schema: JsonObject): string {
  if (Array.isArray(schema.enum)) return schema.enum.map((each) => `\`${String(each)}\``).join(', ')
  const options = (schema.anyOf ?? schema.oneOf) as JsonObject[] | undefined
  if (options) return [...new Set(options.map(typeOf))].join(' or ')
  return typeof schema.type === 'string' ? schema.type : 'anything'
}

function flowSchema(): string {
  const schema = z.toJSONSchema(flowInputSchema, { io: 'input', unrepresentable: 'any' })
  return `${JSON.stringify({ $id: 'https://hookline.dev/flow.schema.json', title: 'A Hookline flow', ...(schema as Record<string, Json>) }, null, 2)}\n`
}

interface LockedPackage {
  version?: string
  license?: string
  dev?: boolean
  link?: boolean
}

/** What is installed to run Hookline or built into its interface; what only tests and builds use is left out. */
function licencesPage(): string {
  const lock = JSON.parse(readFileSync(join(import.meta.dirname, '../../package-lock.json'), 'utf8')) as {
    packages: Record<string, LockedPackage>
  }
  const rows = Object.entries(lock.packages)
    .filter(([path, { dev, link }]) => path.includes('node_modules/') && !dev && !link)
    .map(
      ([path, { version, license }]) =>
        `| ${path.split('node_modules/').at(-1)} | ${version} | ${license ?? 'see the package'} |`,
    )
  const intro = 'Hookline is licensed under Apache-2.0. It is shipped with, or runs on, these packages:'
  return page('Licences', intro, ['| package | version | licence |', '|---|---|---|', ...[...new Set(rows)].sort()])
}

function page(title: string, intro: string, lines: readonly string[]): string {
  return `${[`# ${title}`, '', intro, '', ...lines].join('\n').trimEnd()}\n`
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}

if (import.meta.main) {
  mkdirSync(folder, { recursive: true })
  for (const [name, make] of Object.entries(pages)) writeFileSync(join(folder, name), make())
}
