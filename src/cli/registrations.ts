import { setTimeout as sleep } from 'node:timers/promises'
import type { Config } from '../config.ts'
import type { Registration } from '../storage/registrations.ts'
import { CommandError } from './failure.ts'
import { withStorage } from './open.ts'

/** How often it is looked how far the workers have come, and how long one may take to begin. */
const pollMs = 500
const patienceMs = 30_000

/** `registrations plan`: one line for each webhook that is not at the address of now. Reads the ledger, asks no vendor. */
export async function planRegistrations(): Promise<void> {
  await withStorage(async ({ registrations }, config) => {
    const rows = await registrations.elsewhere(addressOf(config))
    for (const row of rows) console.log(lineOf(row, addressOf(config)))
    console.error(`${rows.length} webhooks to be moved to ${addressOf(config)}`)
  })
}

/**
 * `registrations apply`: has the workers of the running server move them, and says how far they are. What is to be done
 * stands in the database, so breaking it off loses nothing.
 */
export async function applyRegistrations(): Promise<void> {
  await withStorage(async ({ registrations }, config) => {
    const target = addressOf(config)
    const rows = await registrations.elsewhere(target)
    if (rows.length === 0) {
      console.error(`all webhooks are at ${target}`)
      return
    }
    await registrations.wake(
      undefined,
      [...new Map(rows.map((row) => [row.flowId, row])).values()],
      new Date(),
      'moves',
    )
    await waitForMoves(registrations)
    const left = await registrations.elsewhere(target)
    console.error(`${rows.length - left.length} of ${rows.length} webhooks moved to ${target}`)
    for (const row of left) console.log(`${lineOf(row, target)}\t${row.reason ?? row.state}`)
    if (left.length > 0) throw new CommandError('some could not be moved; run this again once the reasons are mended')
  })
}

async function waitForMoves(registrations: { movesLeft(): Promise<number> }): Promise<void> {
  let left = await registrations.movesLeft()
  let changedAt = performance.now()
  while (left > 0) {
    await sleep(pollMs)
    const now = await registrations.movesLeft()
    if (now !== left) changedAt = performance.now()
    left = now
    if (performance.now() - changedAt < patienceMs) continue
    throw new CommandError(`${left} flows are waiting for a worker: start hookline with this HOOKLINE_PUBLIC_URL`)
  }
}

function addressOf({ publicUrl, host, port }: Config): string {
  return publicUrl ?? `http://${host}:${port}`
}

function lineOf({ id, flowId, connector, baseUrl }: Registration, target: string): string {
  return [id, flowId, connector, baseUrl, '->', target].join('\t')
}
