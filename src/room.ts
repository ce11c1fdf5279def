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
  /** With this. */
  full(): Error
}

export function createRoom({ bytes, waitMs, full }: RoomOptions): Room {
  const waiting: { bytes: number; come(): void }[] = []
  let taken = 0

  function letIn(): void {
    while (waiting.length > 0 && (taken === 0 || taken + waiting[0]!.bytes <= bytes)) {
      const next = waiting.shift()!
      taken += next.bytes
      next.come()
    }
  }

  return {
    async enter(wanted) {
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const mine = { bytes: wanted, come: resolve }
      waiting.push(mine)
      letIn()
      const timer = setTimeout(() => {
        const at = waiting.indexOf(mine)
        if (at === -1) return
        waiting.splice(at, 1)
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
