import { queryOptions } from '@tanstack/react-query'
import type { JsonObject } from '../../../src/flow/json.ts'
import { call, type Page } from '../api.ts'
import type { StepRules } from './edits.ts'
import type { Step } from './flow-document.ts'
import type { FieldSchema } from './form/schema.ts'

/** What steps can be made of: the helpers and connectors of the server, as the palette and the panels need them. */

/** A connector or helper as `GET /v1/connectors` answers it. */
export interface ConnectorJson {
  name: string
  title: string
  contype: 'helper' | 'connector'
  status: 'active' | 'draft' | 'paused'
  description?: string
  image_url?: string
  external_docs?: string
  tags?: string[]
  auth_config?: JsonObject
  /** How it finds what a field can be set to. */
  search_config?: JsonObject
  actions: ActionJson[]
  webhook_trigger?: WebhookTriggerJson | null
}

export interface ActionJson {
  name: string
  title: string
  /** One sentence. */
  summary?: string
  description?: string
  form?: JsonObject
  method?: string
  /** Whether it is a list that comes in pieces. */
  paginated?: boolean
  /** The vendor's own page about it. */
  docs?: string
  status?: 'active' | 'draft' | 'paused'
  tag?: string
  ref_prefix?: string
  /** Whether a step of this action starts a flow. */
  starts?: boolean
  /** Of helpers: whether a step touches something outside its run. */
  effect?: 'none' | 'outside'
  /** Of helpers: labels that its arrows may have, null for none; `any` where their author chooses them. */
  branches?: readonly (string | null)[] | 'any'
}

export interface WebhookTriggerJson {
  events?: (string | { name: string; title?: string })[]
  form?: JsonObject
}

/** As steps/connector-action.ts has it. */
const allPagesField = 'retrieve_all_data'

/** The form that a step of an action has: a list that comes in pieces may be read to its end. */
export function formOf(action: ActionJson | undefined): FieldSchema | undefined {
  const form = action?.form as FieldSchema | undefined
  if (!action?.paginated || form?.properties?.[allPagesField] !== undefined) return form
  const field = { type: 'boolean', default: false, title: 'Retrieve all data', description: 'All pages, at most 100' }
  return { type: 'object', ...form, properties: { ...form?.properties, [allPagesField]: field } }
}

export const triggerAction = 'trigger_by_webhook'

/** What starts a flow through a connector's webhook: declared as such, or an action that lifecycle flows set up. */
export function triggerOf({ webhook_trigger, actions }: ConnectorJson): WebhookTriggerJson | undefined {
  return webhook_trigger ?? actions.find(({ name }) => name === triggerAction)
}

export const catalogueQuery = queryOptions({
  queryKey: ['connectors', 'catalogue'],
  staleTime: 60_000,
  queryFn: async ({ signal }) => {
    const connectors: ConnectorJson[] = []
    let cursor: string | null = null
    do {
      const page: Page<ConnectorJson> = await call('GET', 'connectors', { query: { cursor }, signal })
      connectors.push(...page.data)
      cursor = page.next_cursor
    } while (cursor !== null)
    return new Catalogue(connectors)
  },
})

/** One thing the palette offers. */
export interface PaletteItem {
  id: string
  group: 'Triggers' | 'Connectors' | 'Logic'
  title: string
  summary: string
  connector: string
  action: string
  prefix: string
  starts: boolean
}

const unlabelled: readonly (string | undefined)[] = [undefined]
/** Helpers that reach outside; all others are logic. */
const outsideHelpers: ReadonlySet<string> = new Set(['http'])

export class Catalogue implements StepRules {
  readonly connectors: ReadonlyMap<string, ConnectorJson>
  readonly items: readonly PaletteItem[]

  constructor(connectors: readonly ConnectorJson[]) {
    this.connectors = new Map(connectors.map((each) => [each.name, each]))
    this.items = connectors.filter(({ status }) => status === 'active').flatMap(paletteItems)
  }

  action({ connector, action }: Pick<Step, 'connector' | 'action'>): ActionJson | undefined {
    return this.connectors.get(connector)?.actions.find(({ name }) => name === action)
  }

  /** What a step is called on its card: its own title, or that of its action. */
  title(step: Step): string {
    if (step.title) return step.title
    const connector = this.connectors.get(step.connector)
    const action = this.action(step)
    if (connector?.contype === 'helper') return action?.title ?? connector.title
    if (step.action === triggerAction) return `${connector?.title ?? step.connector} trigger`
    return action?.title ?? connector?.title ?? step.connector
  }

  prefix(step: Pick<Step, 'connector' | 'action'>): string {
    return this.action(step)?.ref_prefix ?? 'con'
  }

  starts(step: Pick<Step, 'connector' | 'action'>): boolean {
    return step.action === triggerAction || (this.action(step)?.starts ?? false)
  }

  branches(step: Pick<Step, 'connector' | 'action'>): readonly (string | undefined)[] {
    const branches = this.action(step)?.branches
    return Array.isArray(branches) ? branchesOf(branches) : unlabelled
  }

  hasFreeLabels(step: Pick<Step, 'connector' | 'action'>): boolean {
    return this.action(step)?.branches === 'any'
  }

  /** Whether a step acts on something outside its run, so that testing it is felt there. */
  actsOutside(step: Pick<Step, 'connector' | 'action'>): boolean {
    if (this.connectors.get(step.connector)?.contype === 'connector') return step.action !== triggerAction
    return this.action(step)?.effect === 'outside'
  }
}

const known = new WeakMap<readonly (string | null)[], readonly (string | undefined)[]>()

/** The same list each time, so that what is drawn from it stays. */
function branchesOf(branches: readonly (string | null)[]): readonly (string | undefined)[] {
  let list = known.get(branches)
  if (list === undefined) {
    list = branches.map((label) => label ?? undefined)
    known.set(branches, list)
  }
  return list
}

function paletteItems(connector: ConnectorJson): PaletteItem[] {
  const actions = connector.actions.filter(({ status }) => status === undefined || status === 'active')
  if (connector.contype === 'helper') {
    return actions.map((action) => ({
      id: `${connector.name}/${action.name}`,
      group: action.starts ? 'Triggers' : outsideHelpers.has(connector.name) ? 'Connectors' : 'Logic',
      title: action.title,
      summary: action.summary ?? action.description ?? '',
      connector: connector.name,
      action: action.name,
      prefix: action.ref_prefix ?? 'con',
      starts: action.starts ?? false,
    }))
  }
  const first = actions.find(({ name }) => name !== triggerAction)
  if (first === undefined && triggerOf(connector) === undefined) return []
  return [
    {
      id: connector.name,
      group: 'Connectors',
      title: connector.title,
      summary: connector.description ?? `${actions.length} actions`,
      connector: connector.name,
      action: first?.name ?? triggerAction,
      prefix: 'con',
      starts: false,
    },
  ]
}
