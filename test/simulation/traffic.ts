import type { Network } from './database.ts'
import { flows } from './flows.ts'
import type { Installation } from './installation.ts'
import type { Judge, Sent } from './judge.ts'

/** Requests come in this time. */
const sendingMs = 20_000

/** Lets senders send what chance wants of them; returns what that is. */
export function sendRequests({ timeline, random, trace }: Network, { places }: Installation, judge: Judge): Sent[] {
  const sent: Sent[] = []
  const choices = Object.values(flows).flatMap((flow) => Array.from({ length: flow.weight }, () => flow))
  const send = (request: Sent) => {
    const { machine, process, isClosing } = random.pick(places)
    if (!machine.isAlive() || isClosing) return
    trace(() => `${machine.name} is sent ${request.flow.flow.name} ${request.id}`)
    machine.after(0, () => {
      process.receive(request.flow.flow.id, { id: request.id, key: request.key }).then(
        (reply) => {
          trace(() => `${machine.name} answers ${request.id} with ${reply.status} ${reply.runId}`)
          judge.replied(request, reply)
        },
        (error) => {
          trace(() => `${machine.name} refuses ${request.id}: ${String(error)}`)
          judge.refused(request, error)
        },
      )
    })
  }
  const count = random.pick([4, 8, 16, 30])
  // Each installation has one flow that most of its requests are for, and moments when several come at once.
  const favourite = random.pick(choices)
  let at = 0
  for (let place = 0; place < count; place++) {
    const isDeadly = place === 0 && random.chance(0.1)
    const flow = isDeadly ? flows.deadly! : random.chance(0.5) ? favourite : random.pick(choices)
    const request = { flow, id: `request ${place}`, key: `key ${random.int(3)}` }
    sent.push(request)
    if (!random.chance(0.3)) at = random.between(0, sendingMs)
    const sentAt = at
    timeline.after(sentAt, () => send(request))
    // Copies come at the same moment or a while later; a sender that heard nothing tries again.
    if (flow.dedupes) {
      for (let copies = random.int(4); copies > 0; copies--) {
        timeline.after(sentAt + (random.chance(0.5) ? random.between(0, 3) : random.between(0, 20_000)), () =>
          send(request),
        )
      }
    }
  }
  return sent
}
