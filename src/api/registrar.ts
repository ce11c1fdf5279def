import type { PreviewStep } from '../registrations/plan-step.ts'
import type { Registration } from '../storage/registrations.ts'

/** What the API asks of those who look after webhooks at vendors. */
export interface Registrar {
  /** What would be done now; nothing is changed. `moves`: also webhooks made under another public address. */
  preview(flow: { flowId: string; accountId: string }): Promise<PreviewStep[]>
  /** Has the vendor send a test delivery. False when it has no call for it. Errors: `VendorError`. */
  ping(row: Registration): Promise<boolean>
}
