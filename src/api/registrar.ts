import type { PlanStep } from '../registrations/plan-step.ts'

/** What the API asks of those who look after webhooks at vendors. */
export interface Registrar {
  /** What would be done now; nothing is changed. `moves`: also webhooks made under another public address. */
  preview(flow: { flowId: string; accountId: string }): Promise<PlanStep[]>
}
