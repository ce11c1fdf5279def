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
