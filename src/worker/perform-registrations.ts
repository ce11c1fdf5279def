import { type ReconcileWorld, syncFlow } from '../registrations/reconcile.ts'
import type { Registrations } from '../storage/registrations.ts'

export interface RegistrationWorkerOptions {
  world: ReconcileWorld
  registrations: Pick<Registrations, 'due'>
  log: { error(facts: object, message: string): void }
  /** How often is looked for what is due, if nobody says so; a process that was told looks at once. */
  pollMs?: number
}

/** Keeps webhooks at vendors as their flows want them. */
export interface RegistrationWorker {
  start(): void
  /** Something has become due. */
  nudge(): void
  /** Begins nothing new and leaves off what is under way: the ledger says how far it came. */
  stop(): Promise<void>
}

/** Flows worked on at the same time; each is mostly waiting for a vendor. */
const maxFlows = 8
const defaultPollMs = 2_000

/** Looks for flows whose webhooks are due, and looks after them. The ledger's `due_at` is the queue. */
export function createRegistrationWorker(options: RegistrationWorkerOptions): RegistrationWorker {
  const { world, registrations, log, pollMs = defaultPollMs } = options
  const stopping = new AbortController()
  const underway = new Map<string, Promise<void>>()
  let loop: Promise<void> | undefined
  let isNudged = false
  let wake: () => void = () => undefined

  async function work(): Promise<void> {
    while (!stopping.signal.aborted) {
      isNudged = false
      const free = maxFlows - underway.size
      // Those under way are due until they are done: more are asked for than can be begun.
      const due = free > 0 ? await findDue(maxFlows + free) : []
      for (const { flowId } of due.filter((each) => !underway.has(each.flowId)).slice(0, free)) begin(flowId)
      if (!isNudged) await rest()
    }
  }

  async function findDue(limit: number) {
    try {
      return await registrations.due(world.now(), limit)
    } catch (error) {
      log.error({ error }, 'it can not be read which webhooks are due; trying again')
      return []
    }
  }

  function begin(flowId: string): void {
    const done = syncFlow(flowId, world, stopping.signal)
      .then(() => undefined)
      .catch((error: unknown) => {
        if (!stopping.signal.aborted) log.error({ error, flowId }, 'webhooks of a flow could not be looked after')
      })
      .finally(() => {
        underway.delete(flowId)
        // There may be room again; and who woke this flow just before its lease was given back was not heard.
        nudge()
      })
    underway.set(flowId, done)
  }

  function nudge(): void {
    isNudged = true
    wake()
  }

  function rest(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, pollMs)
      wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  return {
    start() {
      loop = work()
    },
    nudge,
    async stop() {
      stopping.abort(new Error('this process stops'))
      wake()
      await loop
      await Promise.allSettled(underway.values())
    },
  }
}
