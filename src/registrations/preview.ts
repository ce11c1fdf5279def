import { randomUUID } from 'node:crypto'
import type { DueTrigger } from '../storage/registration-triggers.ts'
import type { Registration } from '../storage/registrations.ts'
import { planTrigger } from './plan.ts'
import type { PreviewStep } from './plan-step.ts'
import type { ReconcileWorld } from './reconcile.ts'
import { addressOf } from './registration.ts'
import { factsOf, look, type Scene, workOf } from './scene.ts'
import type { Listed } from './vendor-calls.ts'
import { readLists } from './vendor-lists.ts'
import { targetOf } from './work.ts'

/** What users ask for about a flow's webhooks, beside having them looked after. */

/**
 * What would be done for a flow now, without doing it, and what at the vendor would be left alone. Asks the vendors for
 * their lists, and changes nothing.
 */
export async function previewFlow(
  trigger: DueTrigger,
  world: ReconcileWorld,
  signal: AbortSignal,
): Promise<PreviewStep[]> {
  const scene = await look(trigger, world)
  const work = workOf(scene, { key: trigger.flowId, owner: randomUUID() }, signal)
  const lists = new Map<string, Listed[]>()
  const silent: ReconcileWorld = { ...world, registrations: { ...world.registrations, write: async () => undefined } }
  await readLists(scene, work, lists, new Set(), silent)
  return [...planTrigger(factsOf(scene, lists, trigger.moves, world)), ...strangersIn(scene, lists, world.publicUrl())]
}

/** Webhooks in the vendors' lists that are not this flow's: nobody here touches them. */
function strangersIn(
  { rows, others }: Scene,
  lists: ReadonlyMap<string, readonly Listed[]>,
  publicUrl: string,
): PreviewStep[] {
  const ids = new Set([...rows, ...others].map(({ remoteId }) => remoteId))
  const addresses = new Set([...rows, ...others].map(addressOf))
  return [...lists].flatMap(([place, list]) => {
    const like = rows.find((row) => row.place === place)
    if (like === undefined) return []
    const strange = list.filter(({ id, url }) => !ids.has(id) && (url === null || !addresses.has(url)))
    return strange.map((found): PreviewStep => ({ kind: 'leave_alone', like, found, reason: whose(found, publicUrl) }))
  })
}

function whose({ url }: Listed, publicUrl: string): string {
  if (url?.startsWith(`${publicUrl}/v1/flow-webhook/`)) return 'it belongs to another flow'
  const host = URL.parse(url ?? '')?.host
  return host === undefined ? 'Hookline has not made it' : `Hookline has not made it; it belongs to ${host}`
}

/** Has the vendor send a test delivery. False when it can't. Errors: `VendorError`. */
export async function pingWebhook(row: Registration, world: ReconcileWorld, signal: AbortSignal): Promise<boolean> {
  const { flowId, accountId } = row
  const scene = await look({ flowId, accountId, wakes: 0, moves: false }, world)
  const work = workOf(scene, { key: flowId, owner: randomUUID() }, signal)
  return world.calls.ping(targetOf(row, work))
}
