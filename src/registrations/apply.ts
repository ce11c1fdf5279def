import { randomUUIDv7 } from 'node:crypto'
import type { Registration } from '../storage/registrations.ts'
import { backfill } from './backfill.ts'
import { remove, renew, resume, rotate, update } from './keep.ts'
import { type ApplyWorld, type Effect, fact } from './ledger.ts'
import { adopt, createWebhook } from './make.ts'
import { changed, newRow } from './next-row.ts'
import type { PlanStep } from './plan-step.ts'
import type { Wanted } from './wanted.ts'
import type { Work } from './work.ts'

/**
 * Carries out one step of a plan: this and what it calls is the only code that changes anything at a vendor.
 *
 * Intent, call, fact: the row says what is about to happen before it does, under a key that stays the same when it has to
 * be done again, and what came of it afterwards. A process that dies in between leaves the intent, which is enough.
 *
 * Errors: `LeaseLost`, and those of the storage; what a vendor refuses is written down, not thrown.
 */
export async function applyStep(step: PlanStep, work: Work, world: ApplyWorld): Promise<Effect> {
  switch (step.kind) {
    case 'begin':
      return begin(step.wanted, work, world)
    case 'note':
      return note(step.wanted, step.row, work, world)
    case 'create':
      return createWebhook(step.row, step.wanted, work, world)
    case 'adopt':
      return adopt(step, work, world)
    case 'update':
      return update(step, work, world)
    case 'renew':
      return renew(step.row, work, world)
    case 'resume':
      return resume(step.row, work, world)
    case 'rotate':
      return rotate(step.row, work, world)
    case 'delete':
      return remove(step.row, work, world)
    case 'backfill':
      return backfill(step, work, world)
    case 'leftover':
      return leftover(step, work, world)
    case 'wait':
      return 'none'
    default:
      await fact(changed(step, world.now()), step.kind, 'reason' in step ? step.reason : null, work, world)
      return 'none'
  }
}

async function begin(wanted: Wanted, work: Work, world: ApplyWorld): Promise<Effect> {
  await fact(newRow(wanted, work, world.now()), 'begin', null, work, world)
  return 'none'
}

async function note(wanted: Wanted, row: Registration | undefined, work: Work, world: ApplyWorld): Promise<Effect> {
  const now = world.now()
  const reason = wanted.missing ?? wanted.connector.webhook_trigger?.instructions ?? null
  await fact(
    { ...(row ?? newRow(wanted, work, now)), state: 'not_registered', reason, updatedAt: now },
    'note',
    reason,
    work,
    world,
  )
  return 'none'
}

/** It gets a row of its own, so that its removal is in the ledger before it happens. */
async function leftover(
  { like, found }: Extract<PlanStep, { kind: 'leftover' }>,
  work: Work,
  world: ApplyWorld,
): Promise<Effect> {
  const now = world.now()
  const row: Registration = {
    ...like,
    id: randomUUIDv7(),
    goal: 'absent',
    state: 'removing',
    reason: 'a second webhook for the same address',
    remoteId: found.id,
    pending: null,
    failures: 0,
    retryAt: null,
    anew: null,
    createdAt: now,
    updatedAt: now,
  }
  await fact(row, 'leftover', found.id, work, world)
  return 'none'
}
