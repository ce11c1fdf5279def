import type { Connector } from '../connectors/connector.ts'
import { StepError } from '../engine/step-error.ts'
import type { World } from '../engine/world.ts'
import type { Json, JsonObject } from '../flow/json.ts'
import type { Registration } from '../storage/registrations.ts'
import { addressOf } from './registration.ts'
import { askVendor } from './vendor-error.ts'
import type { Wanted } from './wanted.ts'

/** What a run of a lifecycle flow is told. */
interface LifecycleWork {
  connectors: ReadonlyMap<string, Connector>
  token: string | null
  signal: AbortSignal
}

export interface LifecycleFlows {
  /** Runs the action's pre save flow and returns its output. Errors: `VendorError` with what failed in it. */
  preSave(row: Registration, wanted: Wanted, work: LifecycleWork): Promise<Json>
  /** Runs the on delete flow with what the pre save flow had put out. */
  onDelete(row: Registration, work: LifecycleWork): Promise<void>
}

/**
 * Lifecycle flows: what a user has built to set something up at a vendor, and to take it down again. They are ordinary
 * flows and ordinary runs, shown in the debugger under the trigger `lifecycle`.
 *
 * `connectorAuth` is the id of the step's auth: a reference that means something only to a connector's call.
 */
export function createLifecycleFlows({ startFlow }: Pick<World, 'startFlow'>): LifecycleFlows {
  async function run(flowId: string | undefined, row: Registration, payload: Json, work: LifecycleWork): Promise<Json> {
    if (flowId === undefined) return null
    const { output } = await startFlow({
      accountId: row.accountId,
      flowId,
      // The same when this is done again after a crash: the first one's run is found, not a second one started.
      runId: row.pending?.key ?? row.id,
      trigger: 'lifecycle',
      payload,
      variables: variablesOf(row, work.token),
      wait: true,
      depth: 1,
      signal: work.signal,
    })
    return output
  }

  return {
    preSave: (row, _wanted, work) => askFlow(() => run(flowsOf(row, work).pre_save_flow, row, row.settings.form, work)),
    async onDelete(row, work) {
      await askFlow(() => run(flowsOf(row, work).on_delete_flow, row, row.secrets.response, work))
    },
  }
}

function flowsOf(
  row: Registration,
  { connectors }: LifecycleWork,
): { pre_save_flow?: string | undefined; on_delete_flow?: string | undefined } {
  return connectors.get(row.connector)?.actions.find(({ name }) => name === row.settings.action) ?? {}
}

function variablesOf(row: Registration, token: string | null): JsonObject {
  return {
    ...row.settings.form,
    connectorAuth: row.authId,
    webhook_url: addressOf(row),
    webhook_token: token,
    registration: { id: row.id, url: addressOf(row), response: row.secrets.response },
  }
}

/** A flow that failed has come to its end: running it again is a new run. */
function askFlow<Result>(work: () => Promise<Result>): Promise<Result> {
  return askVendor(async () => {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof StepError)) throw error
      throw new StepError('refused', error.message, { cause: error })
    }
  })
}
