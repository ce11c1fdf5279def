import { z } from 'zod'
import { defineStep } from '../engine/step-kind.ts'

/** Starts another flow of the account. */
export const runFlow = defineStep({
  connector: 'run_flow',
  action: 'run',
  title: 'Run flow',
  summary: 'Starts another flow with a payload, and waits for its output if asked to.',
  refPrefix: 'flow',
  effect: 'outside',
  input: z.strictObject({
    flow_id: z.string().min(1).describe('Id of the flow'),
    payload: z.any().optional().describe('What the flow’s first step gets as its input'),
    wait: z.boolean().default(true).describe('Wait for the flow’s end and take its output'),
  }),
  async run({ flow_id, payload, wait }, context) {
    const { runId, output } = await context.startFlow({ flowId: flow_id, payload: payload ?? {}, wait })
    return { output: wait ? output : { flow_run_id: runId } }
  },
})
