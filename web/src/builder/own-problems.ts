import type { FlowDocument, Step } from './flow-document.ts'
import type { Problem } from './store.ts'
import { webhookProblems } from './webhook/status-code.ts'

/** What panels of their own know to be wrong before the server is asked. */
const checks: Record<string, (step: Step) => Problem[]> = { webhook: webhookProblems }

export function ownProblems({ steps }: FlowDocument): Problem[] {
  return steps.flatMap((step) => checks[step.connector]?.(step) ?? [])
}
