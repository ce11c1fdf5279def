import { MISSING } from '../runtime/values.ts'

const millisecondsPerDay = 86_400_000

/** How the three forms of a date are written. */
const dateForms: Record<string, (year: string, month: string, day: string) => string> = {
  utc: (year, month, day) => `${year}-${month}-${day}`,
  de: (year, month, day) => `${day}.${month}.${year}`,
  us: (year, month, day) => `${month}/${day}/${year}`,
}

function dateText(form: string, date: Date): string {
  const [year, month, day] = date.toISOString().slice(0, 10).split('-') as [string, string, string]
  return dateForms[form]!(year, month, day)
}

const clockWildcards = new Map<string, (date: Date) => unknown>([
  ['datetime', (date) => date.toISOString().slice(0, 19).replace('T', ' ')],
  ['date', (date) => dateText('utc', date)],
  ['date_de', (date) => dateText('de', date)],
  ['date_us', (date) => dateText('us', date)],
  ['time', (date) => date.toISOString().slice(11, 16)],
  ['unix_timestamp', (date) => Math.floor(date.getTime() / 1000)],
])
for (const form of ['de', 'utc', 'us']) {
  for (const days of [7, 30, 180]) {
    clockWildcards.set(`date_${form}_${days}`, (date) =>
      dateText(form, new Date(date.getTime() - days * millisecondsPerDay)),
    )
  }
}

/** The names that stand for the moment of the rendering, all in UTC. */
export const wildcardNames: readonly string[] = [...clockWildcards.keys()]

/** The value of a wildcard, or `MISSING`. The clock is read only when a template asks. */
export function wildcard(name: string, now: () => Date): unknown {
  const make = clockWildcards.get(name)
  return make === undefined ? MISSING : make(now())
}
