import { z } from 'zod'
import { StepError } from '../engine/step-error.ts'
import { defineStep } from '../engine/step-kind.ts'
import { stringifyJson } from '../flow/json.ts'

const otherwise = 'default'

/** Chooses among several branches. */
export const multiCase = defineStep({
  connector: 'multi_case',
  action: 'choose',
  title: 'Multi case',
  summary: 'Takes the arrow whose label equals the value, or the arrow labelled default.',
  refPrefix: 'case',
  branches: 'any',
  input: z.strictObject({ value: z.any().describe('Compared with the labels of the arrows') }),
  run({ value }, { labels }) {
    const text = typeof value === 'string' ? value : stringifyJson(value ?? null)
    const label = labels.includes(text) ? text : otherwise
    if (label === otherwise && !labels.includes(otherwise)) {
      // No arrow is taken: that is how a case without a default says "nothing to do".
      return { output: text, label: text }
    }
    if (text.length > 10_000) throw new StepError('limit', 'the value of a multi case is longer than 10,000 characters')
    return { output: text, label }
  },
})
