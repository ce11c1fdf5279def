import type { Network } from './database.ts'
import { accountId } from './flows.ts'
import type { Judge } from './judge.ts'
import { Machine } from './machine.ts'
import { type CoreProcess, startProcess } from './process.ts'
import type { Vendor } from './vendor.ts'

/** A process of the simulated installation. When it dies, another one takes its place after a while. */
export interface Place {
  readonly name: string
  readonly works: boolean
  machine: Machine
  process: CoreProcess
  isClosing: boolean
}

/** The processes that share one database, each started again when it has died. */
export class Installation {
  readonly places: Place[] = []
  readonly #network: Network
  readonly #vendor: Vendor
  readonly #judge: Judge

  constructor(network: Network, vendor: Vendor, judge: Judge) {
    this.#network = network
    this.#vendor = vendor
    this.#judge = judge
  }

  add(name: string, works: boolean): void {
    this.places.push(this.#start({ name, works, isClosing: false }, 1))
  }

  #start(at: Pick<Place, 'name' | 'works' | 'isClosing'>, generation: number): Place {
    const { timeline, random, trace } = this.#network
    const machine = new Machine(`${at.name}${generation}`, timeline, random)
    const process = startProcess(machine, {
      network: this.#network,
      vendor: this.#vendor,
      accountId,
      works: at.works,
      notify: (runId) => {
        for (const other of this.places)
          other.machine.after(random.between(1, 20), () => other.process.cancelled(runId))
      },
      onError: (error, message) => {
        trace(() => `${machine.name} logs ${message}: ${String(error)}`)
        this.#judge.logged(error, message)
      },
    })
    const place: Place = Object.assign(at, { machine, process, isClosing: false })
    trace(() => `${machine.name} starts`)
    machine.onDeath(() => {
      trace(() => `${machine.name} dies`)
      this.#judge.disturbed()
      // Long enough, at times, to miss what was due.
      const away = random.chance(0.1) ? random.between(60_000, 200_000) : random.between(200, 12_000)
      timeline.after(away, () => this.#start(place, generation + 1))
    })
    return place
  }
}
