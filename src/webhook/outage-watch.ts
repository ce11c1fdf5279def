import type { Outage, Outages } from '../storage/outages.ts'
import type { Registrations } from '../storage/registrations.ts'

export interface OutageWatchOptions {
  outages: Pick<Outages, 'beat'>
  registrations: Pick<Registrations, 'wakeRegistered'>
  now(): Date
  log: { warn(facts: object, message: string): void; error(facts: object, message: string): void }
}

/** Writes down that webhooks are taken, and finds out when they were not. */
export interface OutageWatch {
  /** Resolves once the first beat is written; what was missed before it is being asked for then. */
  start(): Promise<void>
  stop(): Promise<void>
}

const beatMs = 10_000
/** What vendors bridge by themselves, as by trying again: a restart is no outage. */
const longestMs = 60_000

/**
 * Hookline's own downtime, told by the pause between two signs of life of whatever process takes webhooks: all of them
 * were down, or could not reach the database, which is the same to a sender. Afterwards every webhook at a vendor is
 * looked after, and what the vendor lists for that time is made up for.
 */
export function createOutageWatch({ outages, registrations, now, log }: OutageWatchOptions): OutageWatch {
  let timer: NodeJS.Timeout | undefined
  let beating: Promise<void> = Promise.resolve()

  async function beat(): Promise<void> {
    try {
      const outage: Outage | undefined = await outages.beat(now(), longestMs)
      if (outage === undefined) return
      log.warn({ ...outage }, 'webhooks were not taken for a while; vendors are asked for what was missed')
      await registrations.wakeRegistered(now())
    } catch (error) {
      log.error({ err: error }, 'it could not be written down that webhooks are taken')
    }
  }

  return {
    start() {
      timer = setInterval(() => {
        beating = beating.then(beat)
      }, beatMs)
      beating = beat()
      return beating
    },
    async stop() {
      clearInterval(timer)
      await beating
    },
  }
}
