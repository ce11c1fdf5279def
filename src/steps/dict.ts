import { z } from 'zod'
import { defineStep } from '../engine/step-kind.ts'

/** Makes a value from others. */
export const dict = defineStep({
  connector: 'dict',
  action: 'set',
  title: 'Dict',
  summary: 'Puts each key of its form, rendered, into its output.',
  refPrefix: 'res',
  input: z.record(z.string(), z.any()),
  run: (input) => ({ output: input }),
})
