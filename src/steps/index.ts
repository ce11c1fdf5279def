import type { StepKind } from '../engine/step-kind.ts'
import { code } from './code.ts'
import { condition } from './condition.ts'
import { delay } from './delay.ts'
import { dict } from './dict.ts'
import { http } from './http.ts'
import { loopList, loopWhile } from './loop.ts'
import { multiCase } from './multi-case.ts'
import { respond } from './respond.ts'
import { runFlow } from './run-flow.ts'
import { scheduler } from './scheduler.ts'
import { storageDelete, storageGet, storageIncrement, storageSet } from './storage.ts'
import { webhook } from './webhook.ts'

/**
 * The helpers as a server offers them: code only where its operator wants that. A flow with a step that is not offered can be
 * built, and says why it does not run.
 */
export function helpersOf({ code: mayRun }: { code: boolean }): readonly StepKind[] {
  const blocked = 'code steps are switched off on this server: HOOKLINE_CODE=1 switches them on'
  const summary = `${code.summary} Switched off on this server: see HOOKLINE_CODE.`
  return mayRun ? stepKinds : stepKinds.map((kind) => (kind === code ? { ...kind, blocked, summary } : kind))
}

/** The product's helpers, in the order of the palette. */
export const stepKinds: readonly StepKind[] = [
  webhook,
  scheduler,
  http,
  condition,
  multiCase,
  loopList,
  loopWhile,
  dict,
  code,
  delay,
  runFlow,
  respond,
  storageGet,
  storageSet,
  storageDelete,
  storageIncrement,
]
