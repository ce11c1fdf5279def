import { z } from 'zod'
import { makeAnswer } from '../engine/answer.ts'
import { defineStep } from '../engine/step-kind.ts'

/** Answers the sender before the flow has ended. */
export const respond = defineStep({
  connector: 'respond',
  action: 'respond',
  title: 'Respond',
  summary: 'Answers the waiting sender now; the flow goes on.',
  refPrefix: 'resp',
  effect: 'outside',
  input: z.strictObject({
    status_code: z.any().default('200').describe('A three-digit HTTP code from 200 to 599'),
    body: z.any().default(''),
    headers: z.record(z.string(), z.any()).default({}),
  }),
  run({ status_code, body, headers }, context) {
    const answer = makeAnswer({ status_code, body, headers })
    context.respond(answer)
    return {
      output: { status_code: answer.status, body: answer.body, headers: answer.headers },
      responseCode: answer.status,
    }
  },
})
