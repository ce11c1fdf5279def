import type { Network } from './database.ts'
import { flows } from './flows.ts'
import type { Installation } from './installation.ts'
import type { Judge } from './judge.ts'
import type { Tables } from './tables.ts'

/** Things go wrong in this time; after it all must come to its end. */
export const troubleMs = 40_000

const kinds = ['kill', 'fuse', 'stop', 'stall', 'cut', 'restart database', 'clock', 'close', 'cancel', 'save'] as const

/** Plans what goes wrong, and what operators and users do. */
export function planTroubles(network: Network, installation: Installation, judge: Judge, tables: Tables): void {
  const { timeline, random } = network
  // Each installation has a trouble of its own, which comes again and again.
  const favourite = random.pick(kinds)
  for (let left = random.int(6); left > 0; left--) {
    const kind = random.chance(0.5) ? favourite : random.pick(kinds)
    timeline.after(random.between(0, troubleMs), () => disturb(kind, network, installation, judge, tables))
  }
  // At any await, as well: the so manieth thing that happens to a process is its last.
  for (const { machine } of installation.places) if (random.chance(0.4)) machine.fuse = 1 + random.int(900)
  timeline.after(troubleMs, () => {
    network.breakChance = 0
  })
}

type Kind = (typeof kinds)[number]

function disturb(kind: Kind, network: Network, { places }: Installation, judge: Judge, tables: Tables) {
  const { timeline, random, trace } = network
  const place = random.pick(places)
  const { machine, process } = place
  if (!machine.isAlive() || place.isClosing) return
  trace(() => `${kind} ${machine.name}`)
  judge.disturbed()
  switch (kind) {
    case 'kill':
      return machine.die()
    case 'fuse':
      machine.fuse = 1 + random.int(60)
      return
    case 'stop':
      return machine.stop(random.pick([1_000, 12_000, 40_000, 70_000]))
    case 'stall':
      machine.stall = { at: 1 + random.int(60), ms: random.pick([12_000, 40_000, 70_000]) }
      return
    case 'cut':
      return machine.cut(random.pick([500, 5_000, 20_000, 45_000]))
    case 'restart database':
      network.downUntil = timeline.now + random.between(50, 6_000)
      return network.server.crash()
    case 'clock':
      machine.skewMs += random.pick([-3_600_000, -20_000, -1_500, 1_500, 20_000, 3_600_000])
      return
    case 'close':
      place.isClosing = true
      process.close().then(
        () => machine.die(),
        (error) => judge.violation(`a process could not stop: ${String(error)}`),
      )
      return
    case 'cancel': {
      const open = tables.run.all().filter(([, { status }]) => status < 4)
      if (open.length === 0) return
      const [runId] = random.pick(open)
      process.cancel(runId).catch((error: unknown) => judge.logged(error, 'a cancellation failed'))
      return
    }
    case 'save': {
      const flow = random.pick(Object.values(flows)).flow
      const session = network.server.connect('a user')
      const request = { name: 'flow_save', values: [flow.id, JSON.stringify(flow)], answer: () => session.hangUp() }
      return session.take(request)
    }
  }
}
