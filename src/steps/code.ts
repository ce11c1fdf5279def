import { z } from 'zod'
import { defineStep } from '../engine/step-kind.ts'
import type { Json } from '../flow/json.ts'

const longestSeconds = 30

/** Runs JavaScript that the flow's author wrote. */
export const code = defineStep({
  connector: 'code',
  action: 'run',
  title: 'Code',
  summary: 'Runs JavaScript in a sandbox without network, files and timers; what it returns is the output.',
  refPrefix: 'code',
  // It takes a process and time, as a call does; and as with one, what led to it is on disk before.
  effect: 'outside',
  verbatim: ['code'],
  input: z.strictObject({
    code: z
      .string()
      .min(1)
      .describe('The body of a function of `input`, as return input.items.length; no template, so {{ is JavaScript’s')
      .meta({ ui: { multiline: true } }),
    input: z.any().default({}).describe('What the code gets as `input`, as {{ web1 }}; numbers are JavaScript’s'),
    timeout_seconds: z.coerce.number().min(1).max(longestSeconds).default(10).describe('How long the code may take'),
  }),
  async run({ code, input, timeout_seconds }, context) {
    return { output: await context.runCode({ code, input: input as Json, timeoutMs: timeout_seconds * 1000 }) }
  },
})
