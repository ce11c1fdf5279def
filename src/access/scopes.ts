import { AppError } from '../errors.ts'
import { didYouMean } from './did-you-mean.ts'

/**
 * What a personal access token may be allowed, with the sentence that users choose by.
 *
 * Three levels a subject: bare is everything, `.manage` is everything but deleting, `.view` is reading.
 */
export const scopeDescriptions = {
  automation: 'Flows and their runs: read, change, run and delete',
  'automation.manage': 'Flows and their runs: read, change and run',
  'automation.view': 'Flows and their runs: read',
  'automation.webhook_run': 'Call the webhooks of flows, and nothing else',
  company: 'The account and its users: read, change and delete',
  'company.manage': 'The account and its users: read and change',
  'company.view': 'The account and its users: read',
  connector_auth: 'Connector auths: read, change and delete; their secrets can be written, never read',
  'connector_auth.manage': 'Connector auths: read and change; their secrets can be written, never read',
  'connector_auth.view': 'Connector auths: read, without their secrets',
  connectors: 'Connectors: read, change and delete',
  'connectors.manage': 'Connectors: read and change',
  'connectors.view': 'Connectors: read',
  embed: 'Embeds and integrations: read, change and delete',
  'embed.manage': 'Embeds and integrations: read and change',
  'embed.view': 'Embeds and integrations: read',
} as const

export type Scope = keyof typeof scopeDescriptions

export const scopes = Object.keys(scopeDescriptions) as readonly Scope[]

/** For each level, the wider ones of its subject that include it. Calling a webhook changes things, so reading is not enough. */
const widerLevels: Record<string, readonly string[]> = {
  manage: [''],
  view: ['', '.manage'],
  webhook_run: ['', '.manage'],
}

/** The scope as it is stored: `automation:view` is `automation.view`. Undefined when there is no such scope. */
export function normaliseScope(text: string): Scope | undefined {
  const scope = text.trim().replaceAll(':', '.')
  return isScope(scope) ? scope : undefined
}

/**
 * Reads the scopes of a token to be made; each once, in the order of the list above.
 *
 * Errors: `invalid_request` for anything but a list of known scopes, with the one that was probably meant.
 */
export function parseScopes(value: unknown): Scope[] {
  if (!Array.isArray(value) || value.length === 0) {
    throw new AppError('invalid_request', `\`scopes\` must be a list of at least one of: ${scopes.join(', ')}`)
  }
  const chosen = new Set(value.map((entry: unknown) => parseScope(entry)))
  return scopes.filter((scope) => chosen.has(scope))
}

/**
 * Whether a token with `granted` may do what needs `required`. To delete is to need the bare scope, to write
 * `.manage`, to read `.view`.
 */
export function permits(granted: readonly Scope[], required: Scope): boolean {
  const [subject = '', level = ''] = required.split('.')
  const sufficient = [required, ...(widerLevels[level] ?? []).map((wider) => subject + wider)]
  return granted.some((scope) => sufficient.includes(scope))
}

/** Whether a token may call any webhook of its account. */
export function canRunWebhook(granted: readonly Scope[]): boolean {
  return permits(granted, 'automation.webhook_run')
}

function parseScope(entry: unknown): Scope {
  const scope = typeof entry === 'string' ? normaliseScope(entry) : undefined
  if (scope) return scope
  if (typeof entry !== 'string') throw new AppError('invalid_request', 'Every entry of `scopes` must be a text')
  const meant = didYouMean(entry.replaceAll(':', '.'), scopes)
  const hint = meant ? `did you mean "${meant}"?` : `there are ${scopes.join(', ')}`
  throw new AppError('invalid_request', `Unknown scope ${JSON.stringify(entry.slice(0, 100))}: ${hint}`)
}

function isScope(text: string): text is Scope {
  return Object.hasOwn(scopeDescriptions, text)
}
