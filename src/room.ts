/** A share of memory that large values take turns in. */
export interface Room {
  /** Waits until there is so much room, first come, first served. Returns how to leave it. */
  enter(bytes: number): Promise<() => void>
}

interface RoomOptions {
  /** So many at a time; one that is larger has the room alone. */
  bytes: number
  /** Who waits for longer is sent away. */
  waitMs: number
  /** Who comes while so many are waited for is sent away at once; default: no end. */
  waitingBytes?: number
  /** With this. */
  full(): Error
}

export function createRoom({ bytes, waitMs, waitingBytes = Number.POSITIVE_INFINITY, full }: RoomOptions): Room {
  const waiting: { bytes: number; come(): void }[] = []
  let taken = 0
  let waitedFor = 0

  function letIn(): void {
    while (waiting.length > 0 && (taken === 0 || taken + waiting[0]!.bytes <= bytes)) {
      const next = waiting.shift()!
      waitedFor -= next.bytes
      taken += next.bytes
      next.come()
    }
  }

  return {
    async enter(wanted) {
      if (waiting.length > 0 && waitedFor + wanted > waitingBytes) throw full()
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const mine = { bytes: wanted, come: resolve }
      waiting.push(mine)
      waitedFor += wanted
      letIn()
      const timer = setTimeout(() => {
        const at = waiting.indexOf(mine)
        if (at === -1) return
        waiting.splice(at, 1)
        waitedFor -= wanted
        reject(full())
        letIn()
      }, waitMs)
      await promise.finally(() => clearTimeout(timer))
      let isIn = true
      return () => {
        if (!isIn) return
        isIn = false
        taken -= wanted
        letIn()
      }
    },
  }
}
