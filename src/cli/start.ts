import { setFlagsFromString } from 'node:v8'
import { pino } from 'pino'
import { type App, startApp } from '../app.ts'
import { type Config, readConfig } from '../config.ts'
import { listenFailure, messageOf } from './failure.ts'

/** A process that hangs while stopping is ended by then; service managers kill after 30 s. */
const stopWithinMs = 29_000

/**
 * By default V8 lets the heap grow to four times what is alive before it looks for garbage, which under load is 370 MB where
 * 270 do; looking more often costs some percent of the processor's time.
 */
const heapGrowth = '--heap-growing-percent=55'

/** Runs Hookline until SIGTERM or SIGINT. */
export async function start(): Promise<void> {
  setFlagsFromString(heapGrowth)
  const config = readConfig()
  // Standard error, so that standard output has the address and nothing else. Written at once: the last words before a
  // crash are the ones that count.
  const log = pino({ level: config.logLevel, base: null }, pino.destination({ dest: 2, sync: true }))
  for (const warning of config.warnings) log.warn(warning)
  const app = await startApp(config, log).catch((error: unknown) => {
    console.error(startFailure(error, config))
    // What had started already, such as the database, would keep the process alive.
    process.exit(1)
  })
  announce(app)
  log.info(`${await stopSignal()}: stopping`)
  setTimeout(() => {
    log.error('stopping took too long; what was running is taken over by the next start')
    process.exit(1)
  }, stopWithinMs).unref()
  await app.close()
  log.info('stopped')
  process.exit(0)
}

/**
 * The signal that asks for the end. A later one asks for it at once, which loses nothing but takes a takeover; those that
 * come together are one: a terminal sends its own to every process of a group, and npm passes it on once more.
 */
function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let askedAt: number | undefined
    const onSignal = (signal: NodeJS.Signals) => {
      askedAt ??= performance.now()
      if (performance.now() - askedAt > togetherMs) process.exit(1)
      resolve(signal)
    }
    process.on('SIGTERM', onSignal)
    process.on('SIGINT', onSignal)
  })
}

const togetherMs = 1_000

function startFailure(error: unknown, { host, port }: Config): string {
  return listenFailure(error, host, port) ?? messageOf(error)
}

function announce({ address, setupUrl }: App): void {
  if (address === undefined) console.log('Hookline is working on runs; it takes no requests (HOOKLINE_ROLE=worker)')
  else if (setupUrl === undefined) console.log(`Hookline is ready at ${address}`)
  else console.log(`Hookline is ready at ${address}\nMake the first admin: ${setupUrl}`)
}
