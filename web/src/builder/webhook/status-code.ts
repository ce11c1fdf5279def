import { stringifyJson } from '../../../../src/flow/json.ts'
import type { Step } from '../flow-document.ts'
import type { Problem } from '../store.ts'

/** Why this is no status code; templates are judged when they are rendered. */
export function statusProblem(value: string): string | undefined {
  if (value.includes('{{') || value.includes('{%') || /^[2-5]\d\d$/.test(value.trim())) return undefined
  return 'Use a code from 200 to 599, such as 200 or 404'
}

/** What is wrong with a webhook step's answer. An async webhook sends none of its own. */
export function webhookProblems({ ref, input }: Step): Problem[] {
  const { response } = input
  if (input.async === true || typeof response !== 'object' || response === null || Array.isArray(response)) return []
  if (response instanceof Number || response.status_code === undefined) return []
  const code = response.status_code
  const message = statusProblem(typeof code === 'string' ? code : stringifyJson(code))
  return message === undefined ? [] : [{ ref, field: 'input.response.status_code', message }]
}
