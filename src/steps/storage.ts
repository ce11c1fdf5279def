import { z } from 'zod'
import { defineStep } from '../engine/step-kind.ts'

const key = z.coerce.string().min(1).max(500).describe('Name of the value within this flow')

const kept = { connector: 'storage', refPrefix: 'store', effect: 'outside' } as const

export const storageGet = defineStep({
  ...kept,
  action: 'get',
  title: 'Get a kept value',
  summary: 'Reads a value that an earlier run of this flow has kept.',
  input: z.strictObject({ key, default: z.any().optional().describe('Used when nothing is kept') }),
  async run(input, { values }) {
    return { output: (await values.get(input.key)) ?? input.default ?? null }
  },
})

export const storageSet = defineStep({
  ...kept,
  action: 'set',
  title: 'Keep a value',
  summary: 'Keeps a value for later runs of this flow.',
  input: z.strictObject({ key, value: z.any() }),
  async run(input, { values }) {
    await values.set(input.key, input.value ?? null)
    return { output: input.value ?? null }
  },
})

export const storageDelete = defineStep({
  ...kept,
  action: 'delete',
  title: 'Forget a kept value',
  summary: 'Deletes a kept value; yields whether there was one.',
  input: z.strictObject({ key }),
  async run(input, { values }) {
    return { output: await values.delete(input.key) }
  },
})

export const storageIncrement = defineStep({
  ...kept,
  action: 'increment',
  title: 'Count',
  summary: 'Adds to a kept number, exactly also when runs do so at the same time; yields the sum.',
  input: z.strictObject({ key, by: z.coerce.number().default(1) }),
  async run(input, { values }) {
    return { output: await values.increment(input.key, input.by) }
  },
})
