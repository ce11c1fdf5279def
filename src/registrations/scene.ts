import { hashToken } from '../access/tokens.ts'
import type { Connector } from '../connectors/connector.ts'
import type { Flow } from '../flow/flow.ts'
import type { Outage, Outages } from '../storage/outages.ts'
import type { Lease } from '../storage/registration-leases.ts'
import type { DueTrigger } from '../storage/registration-triggers.ts'
import type { Registration, Registrations } from '../storage/registrations.ts'
import type { EnvVariables, Flows } from '../storage/storage.ts'
import type { PlanFacts } from './plan-step.ts'
import { type Traits, traitsOf } from './registration.ts'
import type { Listed } from './vendor-calls.ts'
import { type Wanted, wantedOf } from './wanted.ts'
import type { Work } from './work.ts'

/** What is known of a flow and its webhooks at one time. */
export interface Scene {
  flow: Flow | undefined
  wanted: Wanted[]
  connectors: Map<string, Connector>
  rows: Registration[]
  others: Registration[]
  outages: Outage[]
  token: string | null
}

/** Where that is read from. */
export interface SceneSources {
  registrations: Pick<Registrations, 'ofFlow' | 'atPlace'>
  flows: Pick<Flows, 'find' | 'token'>
  envVariables: Pick<EnvVariables, 'all'>
  outages: Pick<Outages, 'list'>
  findConnector(accountId: string, name: string): Promise<Connector | undefined>
  publicUrl(): string
  now(): Date
}

/** Longer ago than deliveries are remembered. */
const outagesKeptMs = 8 * 24 * 60 * 60_000

/** Reads everything anew: nothing is remembered from one step to the next but the vendors' lists. */
export async function look({ flowId, accountId }: DueTrigger, world: SceneSources): Promise<Scene> {
  const now = world.now()
  const [flow, rows, variables, outages] = await Promise.all([
    world.flows.find(accountId, flowId),
    world.registrations.ofFlow(flowId),
    world.envVariables.all(accountId),
    world.outages.list(new Date(now.getTime() - outagesKeptMs)),
  ])
  const names = new Set([
    ...rows.map(({ connector }) => connector),
    ...(flow?.steps ?? []).map(({ connector }) => connector),
  ])
  const connectors = new Map<string, Connector>()
  for (const name of names) {
    const connector = await world.findConnector(accountId, name)
    if (connector !== undefined) connectors.set(name, connector)
  }
  const asksForToken = flow?.settings.webhook_token_enabled === true
  const token = asksForToken ? ((await world.flows.token(accountId, flowId)) ?? null) : null
  const tokenHash = token === null ? null : hashToken(token).toString('hex')
  const facts = { connectors, variables, tokenHash, publicUrl: world.publicUrl(), now: world.now }
  const wanted = flow === undefined ? [] : wantedOf({ flow, ...facts })
  const shared = new Set([...rows, ...wanted].filter((each) => isShared(each, connectors)).map(({ place }) => place))
  const atPlaces = await Promise.all([...shared].map((place) => world.registrations.atPlace(accountId, place)))
  const others = atPlaces.flat().filter((row) => row.flowId !== flowId)
  return { flow, wanted, connectors, rows, others, outages, token }
}

/** Whether several flows may share this one webhook. */
export function isShared(each: Registration | Wanted, connectors: ReadonlyMap<string, Connector>): boolean {
  const name = typeof each.connector === 'string' ? each.connector : each.connector.name
  const trigger = connectors.get(name)?.webhook_trigger
  return each.kind === 'webhook' && trigger?.single !== undefined && trigger.setup === 'automatic'
}

/** What the calls of one flow's webhooks get to see. */
export function workOf(scene: Scene, lease: Lease, signal: AbortSignal): Work {
  const { connectors, rows, others, outages, token, flow } = scene
  return { lease, connectors, rows: [...rows, ...others], outages, flowName: flow?.name ?? '', token, signal }
}

/** What the plan is made from. */
export function factsOf(
  { wanted, rows, others, outages, connectors }: Scene,
  actual: ReadonlyMap<string, readonly Listed[]>,
  moves: boolean,
  { now }: Pick<SceneSources, 'now'>,
): PlanFacts {
  return { wanted, rows, others, actual, moves, outages, now: now(), traits: (row) => traitsIn(connectors, row) }
}

/** What the connector of a row allows; undefined for lifecycle flows and connectors that are no more. */
export function traitsIn(
  connectors: ReadonlyMap<string, Connector>,
  row: Pick<Registration, 'connector' | 'kind'>,
): Traits | undefined {
  return row.kind === 'lifecycle' ? undefined : traitsOf(connectors.get(row.connector) ?? {})
}
