/** Why this is no status code; templates are judged when they are rendered. */
export function statusProblem(value: string): string | undefined {
  if (value.includes('{{') || value.includes('{%') || /^[2-5]\d\d$/.test(value.trim())) return undefined
  return 'Use a code from 200 to 599, such as 200 or 404'
}
