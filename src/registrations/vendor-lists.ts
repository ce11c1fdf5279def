import type { Connector } from '../connectors/connector.ts'
import type { Registration } from '../storage/registrations.ts'
import type { ApplyWorld, Effect } from './ledger.ts'
import { afterRefusal } from './next-row.ts'
import { type Scene, traitsIn } from './scene.ts'
import type { Listed } from './vendor-calls.ts'
import { VendorError } from './vendor-error.ts'
import { targetOf, type Work } from './work.ts'

/**
 * The vendors' lists of all places that something is to be done about; each is read once, until a call makes it untrue.
 * False when one could not be read now.
 */
export async function readLists(
  scene: Scene,
  work: Work,
  lists: Map<string, Listed[]>,
  unreadable: Set<string>,
  world: ApplyWorld,
): Promise<boolean> {
  const now = world.now()
  let isComplete = true
  for (const [place, rows] of Map.groupBy(scene.rows, ({ place }) => place)) {
    if (lists.has(place) || unreadable.has(place)) continue
    const row = rows.find((each) => isWorthListing(each, scene.connectors, now))
    if (row === undefined) continue
    try {
      lists.set(place, await world.calls.list(targetOf(row, work)))
    } catch (error) {
      if (!(error instanceof VendorError)) throw error
      unreadable.add(place)
      isComplete = false
      await noteUnreadable(rows, error, work, world)
    }
  }
  return isComplete
}

function isWorthListing(row: Registration, connectors: ReadonlyMap<string, Connector>, now: Date): boolean {
  const traits = traitsIn(connectors, row)
  if (traits?.lists !== true || row.carriedBy !== null || row.state === 'not_registered') return false
  if (row.goal === 'absent' && row.remoteId === null && row.pending === null) return false
  return row.retryAt === null || row.retryAt <= now
}

/** Those that can't go on without the list are shown with the vendor's words; the others only say that they were not checked. */
async function noteUnreadable(
  rows: readonly Registration[],
  error: VendorError,
  work: Work,
  world: ApplyWorld,
): Promise<void> {
  const at = world.now()
  for (const row of rows) {
    const waits = row.remoteId === null && (row.goal === 'present' || row.pending !== null)
    const refusal = afterRefusal(row, error.message, error.retryAfter, world)
    if (waits)
      await world.registrations.write(
        work.lease,
        { ...row, ...refusal },
        { at, kind: 'fact', action: 'list', key: null, detail: error.message },
      )
    else if (row.goal === 'present' && row.state === 'registered') {
      const { state: _, ...unchecked } = refusal
      await world.registrations.write(
        work.lease,
        { ...row, ...unchecked, reason: `could not be checked: ${error.message}` },
        null,
      )
    }
  }
}

/** What a step has changed about the vendor's lists. The same webhook may stand in several of them. */
export function note(lists: Map<string, Listed[]>, row: Registration | undefined, effect: Effect): void {
  if (row === undefined || effect === 'none') return
  const list = lists.get(row.place)
  lists.clear()
  if (effect === 'unknown' || list === undefined) return
  // Where only one can be, making it changes the one that the list shows already.
  const changed = 'added' in effect ? effect.added.id : effect.removed
  const others = list.filter(({ id }) => id !== changed)
  lists.set(row.place, 'added' in effect ? [...others, effect.added] : others)
}
