import { Counter, Gauge, Registry } from 'prom-client'
import type { RunStatus } from './flow/run.ts'

interface MetricSources {
  /** Runs that wait for a worker, in the whole installation. */
  waitingRuns(): Promise<number>
  /** Emails about errors that wait to be sent, in the whole installation. */
  errorMails(): Promise<{ count: number; failing: number }>
  /** Circuits of this process that are open. */
  openCircuits(): number
}

/** What `GET /metrics` tells beside the HTTP server's own figures. Counts are this process's since it started. */
export interface Metrics {
  registry: Registry
  started(runs: number): void
  ended(runs: readonly { end: { outcome: { status: RunStatus } } }[]): void
  errorMail(result: 'sent' | 'failed'): void
  database(available: boolean): void
  /** A call was not made, because its vendor is left alone. */
  refusedCall(): void
}

/** Counting costs a commit some additions in memory; the database is asked only when somebody looks. */
export function createMetrics({ waitingRuns, errorMails, openCircuits }: MetricSources): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const started = new Counter({
    name: 'hookline_runs_started_total',
    help: 'Runs that this process has put on disk',
    registers,
  })
  const ended = new Counter({
    name: 'hookline_runs_ended_total',
    help: 'Runs that this process has brought to an end or to rest, by status',
    labelNames: ['status'] as const,
    registers,
  })
  const mails = new Counter({
    name: 'hookline_error_mails_total',
    help: 'Attempts to send an email about errors, by result',
    labelNames: ['result'] as const,
    registers,
  })
  const database = new Gauge({
    name: 'hookline_database_available',
    help: '1 when the last statement of this process reached the database',
    registers,
  })
  database.set(1)
  const refusedCalls = new Counter({
    name: 'hookline_calls_refused_total',
    help: 'Calls that were not made because the vendor has failed too often in a row',
    registers,
  })
  onScrape({
    name: 'hookline_circuits_open',
    help: 'Vendors that this process leaves alone, by account, host and connector auth',
    read: async () => openCircuits(),
  })
  onScrape({
    name: 'hookline_runs_waiting',
    help: 'Runs of the installation that could run now and wait for a worker; absent while the database is away',
    read: waitingRuns,
  })
  onScrape({
    name: 'hookline_error_mails_waiting',
    help: 'Emails about errors that wait to be sent, in the installation; absent while the database is away',
    read: async () => (await errorMails()).count,
  })
  onScrape({
    name: 'hookline_error_mails_failing',
    help: 'Those of them that the mail server did not take; absent while the database is away',
    read: async () => (await errorMails()).failing,
  })

  function onScrape({ name, help, read }: { name: string; help: string; read(): Promise<number> }): void {
    new Gauge({
      name,
      help,
      registers,
      async collect() {
        try {
          this.set(await read())
        } catch {
          // The other figures must be there especially now; the database's own says why this one is not.
          this.remove()
        }
      },
    })
  }

  return {
    registry,
    started: (runs) => started.inc(runs),
    ended(runs) {
      for (const { end } of runs) ended.inc({ status: end.outcome.status })
    },
    errorMail: (result) => mails.inc({ result }),
    database: (available) => database.set(available ? 1 : 0),
    refusedCall: () => refusedCalls.inc(),
  }
}
