import { anyInput, defineStep } from '../engine/step-kind.ts'

/** Makes a value from others. */
export const dict = defineStep({
  connector: 'dict',
  action: 'set',
  title: 'Dict',
  summary: 'Puts each key of its form, rendered, into its output.',
  refPrefix: 'res',
  input: anyInput,
  run: (input) => ({ output: input }),
})
